#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# localdeliver alone, with a queue and an authd that the test plays: t/localdeliver.py.
use strict;
use warnings;

use Test::More;

use MrTest qw(build_dir source_dir have_command);

plan skip_all => 'python3 is missing' unless have_command('python3');
my $program = build_dir() . '/localdeliver/localdeliver';
plan skip_all => "no $program (run ./check)" unless -x $program;
exec 'python3', source_dir() . '/t/localdeliver.py', $program or die "python3: $!\n";
