#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Every cmocka program of t/unit, each as one test.
use strict;
use warnings;

use File::Glob 'bsd_glob';
use Test::More;

use MrTest qw(build_dir source_dir run_command);

# One that was not built is a failure: nothing else runs these tests.
my @sources = bsd_glob(source_dir() . '/t/unit/test_*.c');
for my $source (@sources) {
    my ($name) = $source =~ m{([^/]+)\.c$};
    my $program = build_dir() . "/t/unit/$name";
    if (!-x $program) {
        fail "$name: unit tests were not built (cmocka missing?)";
        next;
    }
    my ($status, $output) = run_command([$program]);
    is $status, 0, $name or diag $output;
}
done_testing;
