#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Every fuzz target of t/fuzz for a few seconds (MR_FUZZ_SECONDS), beginning with the inputs in
# t/fuzz/corpus/NAME where there are some. MR_FUZZ: the directory they were built in.
use strict;
use warnings;

use File::Glob 'bsd_glob';
use File::Temp ();
use Test::More;

use MrTest qw(source_dir run_command);

my $seconds = $ENV{MR_FUZZ_SECONDS} || 3;
plan skip_all => 'no fuzz targets were built (they need clang with libFuzzer)' unless $ENV{MR_FUZZ};

for my $source (bsd_glob(source_dir() . '/t/fuzz/fuzz_*.c')) {
    my ($name) = $source =~ m{([^/]+)\.c$};
    my $new = File::Temp->newdir;
    my $program = "$ENV{MR_FUZZ}/t/fuzz/$name";
    if (!-x $program) {
      SKIP: { skip "$name is in no local.mk", 1 }
        next;
    }
    my $seeds = source_dir() . '/t/fuzz/corpus/' . $name;
    my ($status, $output) = run_command(
        [   $program, "-max_total_time=$seconds", '-timeout=10', '-rss_limit_mb=1024', '-print_final_stats=1',
            "-artifact_prefix=$new/", "$new", -d $seeds ? $seeds : ()
        ]
    );
    my ($runs) = $output =~ /number_of_executed_units:\s*(\d+)/;
    is $status, 0, "$name: " . ($runs || 'no') . ' inputs' or diag $output;
}
done_testing;
