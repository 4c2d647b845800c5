#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Every fuzz target of t/fuzz for a few seconds (MR_FUZZ_SECONDS), beginning with the inputs in
# t/fuzz/corpus/NAME where there are some. MR_FUZZ: the directory they were built in (./check sets
# it); without it they are built here. A target that was not built is a failure.
use strict;
use warnings;

use Cwd ();
use File::Glob 'bsd_glob';
use File::Temp ();
use Test::More;

use MrTest qw(build_dir source_dir have_command run_command);

my $seconds = $ENV{MR_FUZZ_SECONDS} || 5;
my $built = $ENV{MR_FUZZ} || build_dir() . '/fuzz-build';

sub have_libfuzzer {
    my $empty = 'int LLVMFuzzerTestOneInput(const unsigned char *p, unsigned long n) { return p == 0 && n; }';
    my ($status) = run_command([ 'clang', '-fsanitize=fuzzer,address,undefined', '-o', '/dev/null', '-x', 'c', '-' ], input => $empty);
    return $status == 0;
}

sub build {
    my $configure = source_dir() . '/configure';
    my $script = 'mkdir -p "$1" && cd "$1" && "$2" -q --enable-fuzz CC=clang CFLAGS="-g -O1" && make -s -k -j2 fuzzers';
    my ($status, $output) = run_command([ 'sh', '-c', $script, 'build', $built, Cwd::abs_path($configure) ]);
    $status == 0 or diag $output;
}

if (!$ENV{MR_FUZZ}) {
    plan skip_all => 'clang is not installed' if !have_command('clang');
    plan skip_all => 'clang has no libFuzzer (libclang-rt-dev, compiler-rt)' if !have_libfuzzer();
    build();
}

for my $source (bsd_glob(source_dir() . '/t/fuzz/fuzz_*.c')) {
    my ($name) = $source =~ m{([^/]+)\.c$};
    my $new = File::Temp->newdir;
    my $program = "$built/t/fuzz/$name";
    if (!-x $program) {
        fail "$name was not built";
        next;
    }
    my $seeds = source_dir() . '/t/fuzz/corpus/' . $name;
    my ($status, $output) = run_command(
        [   $program, "-max_total_time=$seconds", '-timeout=10', '-rss_limit_mb=512', '-print_final_stats=1',
            "-artifact_prefix=$new/", "$new", -d $seeds ? $seeds : ()
        ]
    );
    my ($runs) = $output =~ /number_of_executed_units:\s*(\d+)/;
    is $status, 0, "$name: " . ($runs || 'no') . ' inputs' or diag $output;
}
done_testing;
