#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Every program says --help and --version, and its manual page, beside its source, names every
# option that --help names.
use strict;
use warnings;

use File::Glob 'bsd_glob';
use Test::More;

use MrTest qw(slurp build_dir source_dir run_command);

my %folder_of = (
    (map { $_ => $_ } qw(authd localdeliver pop3d queue smtpd)),
    (map { $_ => 'authd' } qw(authenumerate authpasswd authtest mailadm)),
    mailq => 'queue',
    postconf => 'tools',
);

# The option stands in the page: as "-c", or in mdoc as "Fl c".
sub named {
    my ($text, $option) = @_;
    (my $bare = $option) =~ s/^-//;
    return $text =~ /(?:^|[\s\[,"])\Q$option\E(?![\w-])/m || $text =~ /\bFl (?:\S+ )*?\Q$bare\E(?![\w-])/;
}

for my $name (sort keys %folder_of) {
    my $program = build_dir() . "/$folder_of{$name}/$name";
    ok -x $program, "$name is built" or next;
    my ($status, $help) = run_command([$program, '--help']);
    is $status, 0, "$name --help";
    like $help, qr/^usage: \S*$name\b/mi, "$name --help begins with its usage";
    ($status, my $version) = run_command([$program, '--version']);
    is $status, 0, "$name --version";
    like $version, qr/\d+\.\d+\.\d+/, "$name --version names one";

    my ($page) = bsd_glob(source_dir() . "/$folder_of{$name}/$name.[18]");
    ok $page, "$name has a manual page" or next;
    my $text = slurp($page);
    $text =~ s/\\-/-/g;    # roff's minus signs
    my @missing = grep { !named($text, $_) } $help =~ /^\s+(--?[a-zA-Z][\w-]*)/mg;
    is_deeply \@missing, [], "$name: the options in its manual page";
}

done_testing;
