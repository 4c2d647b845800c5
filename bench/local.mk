# The comparison with other systems; needs no build of its own (bench/run compiles its load programs).
EXTRA_DIST += bench/README.md bench/run bench/authload.c bench/benchutil.c bench/benchutil.h bench/diskbound.c bench/popload.c \
  bench/lib/Bench/Host.pm bench/lib/Bench/Measure.pm bench/lib/Bench/Postfix.pm bench/lib/Bench/Report.pm \
  bench/lib/Bench/Stacks.pm bench/lib/Bench/Util.pm
