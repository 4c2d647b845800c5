#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# The oldest systems we run on: C99, glibc 2.12, and no call that Linux 2.6.32 lacks unless configure
# found it; and compilers and C libraries other than the one at hand.
use strict;
use warnings;

use Cwd ();
use File::Find ();
use File::Glob 'bsd_glob';
use File::Path ();
use File::Temp ();
use Test::More;

use MrTest qw(build_dir source_dir slurp have_command run_command);

my $JOBS = 2;
my @FLOOR = (2, 12);    # glibc of CentOS 6

# Functions that are older than the floor, but got a new symbol version since, and that version:
# what an old glibc lacks of a program built here is the version only.
my @RENAMED = (
    [ '2.14', qr/^memcpy$/ ],                                             # overlap
    [ '2.15', qr/^(?:__fdelt_chk|posix_spawnp?)$/ ],                      # FORTIFY_SOURCE; vfork
    [ '2.16', qr/^__p?poll_chk$/ ],                                       # FORTIFY_SOURCE
    [ '2.17', qr/^clock_(?:get|set)(?:time|res)$|^clock_nanosleep$/ ],    # from librt
    [ '2.22', qr/^fmemopen$/ ],
    [ '2.27', qr/^glob(?:64)?$|^(?:exp|log|pow)f$/ ],
    [ '2.28', qr/^fcntl64$/ ],                                            # large files
    [ '2.29', qr/^(?:exp|exp2|log|log2|pow)$/ ],                          # errno
    [ '2.32', qr/^pthread_(?:sigmask|getattr_np)$/ ],
    [ '2.33', qr/^(?:l|f)?stat(?:64)?$|^fstatat(?:64)?$|^mknod(?:at)?$/ ],    # were inline
    [   '2.34',    # libpthread, libdl, librt, libresolv and libutil became part of libc
        qr/^__libc_start_main$|^pthread_|^sem_|^dl(?:open|sym|close|error|addr|iterate_phdr)$|^timer_|^mq_|^aio_|^lio_|^shm_/
    ],
    [ '2.34', qr/^(?:__)?(?:res|ns|dn)_|^(?:openpty|forkpty|login_tty)$/ ],
    [ '2.38', qr/^__isoc23_(?:strto(?:l|ul|ll|ull|imax|umax)|v?s?f?scanf)$|^fmod$/ ],    # 0b prefix
);

# ---- helpers --------------------------------------------------------------------------------

# Runs the shell commands, $JOBS at once, in $dir. The output of those that failed.
sub failures {
    my ($dir, @commands) = @_;
    my $out = File::Temp->newdir;
    my @workers;
    for my $worker (0 .. $JOBS - 1) {
        my $pid = fork;
        defined $pid or die "fork: $!\n";
        push @workers, $pid;
        next if $pid;
        open STDERR, '>', "$out/$worker" or die "$out: $!\n";
        open STDOUT, '>&', \*STDERR;
        chdir $dir or die "$dir: $!\n";
        my $bad = 0;
        for my $i (grep { $_ % $JOBS == $worker } 0 .. $#commands) {
            next if system($commands[$i]) == 0;
            $bad = 1;
            print STDERR "failed: $commands[$i]\n";
        }
        require POSIX;
        POSIX::_exit($bad);
    }
    my $text = '';
    for my $worker (0 .. $#workers) {
        waitpid $workers[$worker], 0;
        $text .= slurp("$out/$worker") if $?;
    }
    return $text;
}

# Passes when $text is empty; else shows it.
sub ok_silent {
    my ($text, $name) = @_;
    ok $text eq '', $name or diag length $text > 8000 ? substr($text, 0, 8000) . "\n..." : $text;
}

sub newer_than_floor {
    my ($version) = @_;
    my ($major, $minor) = split /\./, $version;
    return $major > $FLOOR[0] || ($major == $FLOOR[0] && $minor > $FLOOR[1]);
}

# What configure looks for because old systems lack it: no program may need it unless it was found.
sub optional_functions {
    my ($list) = (slurp(source_dir() . '/configure.ac') || '') =~ /^AC_CHECK_FUNCS\(\[([^\]]*)\]/m;
    my @functions = split ' ', $list || '';
    @functions or die "no AC_CHECK_FUNCS in configure.ac\n";
    return @functions;
}

# ---- the compile commands, from a build with clang ------------------------------------------

my $work = build_dir() . '/floor';
File::Path::remove_tree($work);
File::Path::make_path($work);
$work = Cwd::abs_path($work);
my $build = Cwd::abs_path(build_dir());
my $compiler = have_command('clang') ? 'clang' : 'gcc';

sub sh_quote {
    my ($text) = @_;
    $text =~ s/'/'\\''/g;
    return "'$text'";
}

# configure refuses a source directory with a blank in its name; a link serves it.
my $links = File::Temp->newdir;
my $source = Cwd::abs_path(source_dir());
if ($source =~ /\s/) {
    symlink $source, "$links/source" or die "$links: $!\n";
    $source = "$links/source";
}
my $configure = sh_quote("$source/configure");
my ($status, $log) =
    run_command(['sh', '-c', "cd " . sh_quote($work) . " && $configure -q CC=$compiler --enable-werror CFLAGS='-g -O0'"]);
if ($status) {
    fail 'configure with ' . $compiler;
    diag $log;
    done_testing;
    exit;
}
($status, $log) = run_command(['make', '-C', $work, '-k', "-j$JOBS", 'V=1', 'all', 'check-programs']);
SKIP: {
    skip 'clang is not installed', 1 if $compiler ne 'clang';
    my @errors = $log =~ /^((?:[^\n]*(?:error|warning): |make[^\n]*\*\*\*|[^\n]*undefined reference)[^\n]*\n)/mg;
    ok $status == 0, 'everything compiles with clang -Wall -Wextra -Werror' or diag @errors;
}

# Source file => its -I and -D flags.
my %flags;
$log =~ s/\\\n/ /g;
while ($log =~ /\b$compiler (-DHAVE_CONFIG_H.*?) -std=gnu99 .*? -c -o (\S+) (?:`test -f '([^']+)' \|\| echo '([^']*)'`)?(\S+\.c)/mg) {
    my ($flags, $source) = ($1, defined $3 ? "$4$3" : $5);
    $flags =~ s{-I(?![/.])(\S+)}{'-I' . sh_quote("$work/$1")}ge;    # generated headers
    $flags{$source} = $flags;
}
my @sources = sort keys %flags;
cmp_ok scalar @sources, '>', 20, 'source files found' or do { diag $log; done_testing; exit };

# ---- C99 ------------------------------------------------------------------------------------

ok_silent failures($build,
    map { "gcc $flags{$_} -std=c99 -pedantic -D_GNU_SOURCE -fsyntax-only -Werror " . sh_quote($_) } @sources),
    'every file is C99';

# ---- glibc ----------------------------------------------------------------------------------

sub programs {
    my @found;
    File::Find::find(
        {   no_chdir => 1,
            wanted => sub {
                $File::Find::prune = 1 if m{/(?:t|floor|fuzz-build|autom4te\.cache|\.deps)$};
                push @found, $_ if -f && -x _ && !/\.(?:o|a|sh|status)$/ && (slurp($_) || '') =~ /\A\x7fELF/;
            }
        },
        $build
    );
    return sort @found;
}

sub symbols_too_new {
    my ($program, $found) = @_;
    my ($rc, $text) = run_command(['nm', '-D', '--undefined-only', $program]);
    return "nm: $text" if $rc;
    my @bad;
    while ($text =~ /^\s*[UwvV] (\S+?)@+GLIBC_([0-9.]+)/mg) {
        my ($symbol, $version) = ($1, $2);
        next unless newer_than_floor($version);
        (my $function = $symbol) =~ s/^__(\w+)_chk$/$1/;    # FORTIFY_SOURCE's name of it
        next if $found->{$function} || grep { $version eq $_->[0] && $symbol =~ $_->[1] } @RENAMED;
        push @bad, "$program needs $symbol\@GLIBC_$version\n";
    }
    return join '', @bad;
}

SKIP: {
    skip 'the symbols of a build with sanitizers are theirs', 1 if $ENV{MR_SANITIZE};
    my $config = slurp("$build/config.h") || '';
    my %found = map { $_ => 1 } grep { $config =~ /^#define HAVE_\U$_\E 1$/m } optional_functions();
    my @programs = programs();
    cmp_ok scalar @programs, '>', 0, 'programs found';
    ok_silent join('', map { symbols_too_new($_, \%found) } @programs),
        'no program needs more than glibc 2.12 and what configure found';
}

# ---- without the newer calls, against musl ---------------------------------------------------

my $old = "$work/old";
mkdir $old or die "$old: $!\n";
{
    my $config = slurp("$build/config.h") || '';
    $config =~ s/^#define (HAVE_\U$_\E) 1$/\/* #undef $1 *\//m for optional_functions();
    open my $file, '>', "$old/config.h" or die "$old/config.h: $!\n";
    print {$file} $config;
    close $file or die "$old/config.h: $!\n";
}

sub object {
    my ($source) = @_;
    (my $name = $source) =~ s{[^A-Za-z0-9]+}{_}g;
    return "$name.o";
}

# The old system's config.h is found first: -I. is the directory the commands run in.
sub compile_old {
    my ($cc, @files) = @_;
    return map {
        my $flags = $flags{$_};
        $flags =~ s/-I\Q$work\E\b//g;
        "$cc $flags -std=gnu99 -Wall -Werror -c -o " . object($_) . ' ' . sh_quote($_)
    } @files;
}

sub optional_calls {
    my $optional = join '|', optional_functions();
    my ($rc, $text) = run_command(['sh', '-c', "cd " . sh_quote($old) . " && nm -A --undefined-only *.o"]);
    return "nm: $text" if $rc;
    return join '', $text =~ /^([^\n]* U (?:$optional)\n)/mg;
}

ok_silent failures($old, compile_old('gcc', @sources)), 'every file compiles without the calls that configure looks for';
ok_silent optional_calls(), 'and then calls none of them';

# The unit tests of common/ that need no other library. cmocka is built for glibc: t/floor/cmocka.h takes its place.
my @TESTS = qw(address conf frame maildir mastercf netaddr strutil);

# Directories with the headers of the libraries and the kernel, and none of glibc's.
sub library_headers {
    my @directories = (sh_quote(Cwd::abs_path(source_dir()) . '/t/floor'));
    for my $from (grep { -d } '/usr/include', glob '/usr/include/*-linux-gnu') {
        my $to = "include" . @directories;
        mkdir "$old/$to" or die "$old/$to: $!\n";
        symlink "$from/$_", "$old/$to/$_" for grep { -e "$from/$_" } qw(ev.h sqlite3.h crypt.h sasl openssl seccomp.h seccomp-syscalls.h linux asm asm-generic);
        push @directories, $to;
    }
    return @directories;
}

sub musl_test {
    my ($name) = @_;
    my $test = (grep { m{/t/unit/test_$name\.c$} } @sources)[0];
    return "there is no t/unit/test_$name.c" if !$test;
    my $flags = $flags{$test};
    my $floor = sh_quote(Cwd::abs_path(source_dir()) . '/t/floor');
    return failures($old,
        "musl-gcc -static -I$floor $flags -std=gnu99 -o test_$name " . sh_quote($test) . ' libcommon.a && timeout 60 ./test_' . $name);
}

SKIP: {
    skip 'musl-gcc is not installed', 1 + @TESTS if !have_command('musl-gcc');
    my $musl = join ' ', 'musl-gcc', map { "-idirafter $_" } library_headers();
    unlink bsd_glob("$old/*.o");
    ok_silent failures($old, compile_old($musl, grep { !m{/t/unit/} } @sources)),
        'every file compiles against musl';
    my @common = map { object($_) } grep { m{/common/[^/]+\.c$} } @sources;
    my $archived = failures($old, join ' ', 'ar', 'rc', 'libcommon.a', @common);
    ok_silent $archived || musl_test($_), "test_$_ linked statically with musl" for @TESTS;
}

done_testing;
