# SPDX-License-Identifier: ISC
# prove's harness, which in the end also says what was not run and why: every test or file
# that was skipped, with the reason it gave.
package MrHarness;

use strict;
use warnings;

use parent 'TAP::Harness';

my @not_run;

sub new {
    my ($class, @args) = @_;
    my $self = $class->SUPER::new(@args);
    $self->callback(made_parser => \&watch);
    $self->callback(after_runtests => \&report);
    return $self;
}

sub watch {
    my ($parser, $job) = @_;
    my $file = $job->[0];
    my $note = sub { push @not_run, "$file: " . ($_[0]->explanation || 'no reason given') };
    $parser->callback(test => sub { $note->($_[0]) if $_[0]->has_skip });
    $parser->callback(plan => sub { $note->($_[0]) if $_[0]->has_skip });
}

sub report {
    if (!@not_run) {
        print "Everything was run.\n";
        return;
    }
    print "Not run:\n";
    my %seen;
    print "  $_\n" for grep { !$seen{$_}++ } @not_run;
}

1;
