# SPDX-License-Identifier: ISC
# Tables and targets, from the raw results: $result->{kind}{key}{stack} = [ one hash a repetition ].
package Bench::Report;

use strict;
use warnings;

use Bench::Host;
use Bench::Util qw(run say_line slurp spit median);
use JSON::PP ();
use POSIX ();

my @ORDER = qw(guide virtual lmtp ours);

# ---- numbers ------------------------------------------------------------------------------------------

# The repetitions of one measurement; looking makes no entries.
sub reps {
    my ($result, $kind, $key, $stack) = @_;
    for my $name ($kind, $key, $stack) { $result = ref $result ? $result->{$name} : undef }
    return @{ $result || [] };
}

# The median over the repetitions of $path ("delivered", "cpu.postfix").
sub value {
    my ($result, $kind, $key, $stack, $path) = @_;
    my @numbers;
    for my $r (reps($result, $kind, $key, $stack)) {
        my $v = $r;
        $v = ref $v ? $v->{$_} : undef for split /\./, $path;
        push @numbers, $v;
    }
    return median(@numbers);
}

# Seconds of CPU of the whole stack (for syslog see the table).
sub cpu_total {
    my ($cpu) = @_;
    my $sum = 0;
    $sum += $cpu->{$_} for grep { $_ ne 'syslog' } keys %$cpu;
    return $sum;
}

sub cpu_median {
    my ($result, $key, $stack) = @_;
    return median(map { cpu_total($_->{cpu}) } reps($result, 'smtp', $key, $stack));
}

sub show {
    my ($v) = @_;
    return '-' unless defined $v;
    return sprintf $v >= 100 ? '%.0f' : $v >= 10 ? '%.1f' : '%.2f', $v;
}

sub ratio { my ($a, $b) = @_; return defined $a && $b ? sprintf '%.1fx', $a / $b : '-' }

# One line while it runs.
my %BRIEF = (
    smtp => sub { sprintf 'accepted %s/s, delivered %s/s, CPU %s s per 1000', show($_[0]{accepted}), show($_[0]{delivered}), show(cpu_total($_[0]{cpu})) },
    syscalls => sub { sprintf '%s system calls, %s syncs, %s processes a message', map { show($_) } @{ $_[0] }{qw(total syncs processes)} },
    mem => sub { sprintf '%s KiB, %s processes a session', show($_[0]{kib_per_session}), show($_[0]{processes_per_session}) },
    map { $_ => sub { sprintf '%s/s, %d failed, p50 %s ms, p99 %s ms', show($_[0]{rate}), $_[0]{failed}, show($_[0]{p50_ms}), show($_[0]{p99_ms}) } } qw(pop3 auth disk),
);

sub brief { my ($kind, $r) = @_; return $BRIEF{$kind}->($r) }

# ---- the machine --------------------------------------------------------------------------------------

sub about {
    my ($h, $stacks) = @_;
    my ($cpu) = slurp('/proc/cpuinfo') =~ /^model name\s*:\s*(.*)/m;
    my $cores = () = slurp('/proc/cpuinfo') =~ /^processor\s*:/mg;
    my ($memory) = slurp('/proc/meminfo') =~ /^MemTotal:\s+(\d+)/m;
    my ($status, $fs) = run('df', '--output=source,fstype', $h->{work});
    my ($source, $type) = $fs =~ /(\S+)\s+(\S+)\s*\z/;
    my ($options) = grep { (split)[1] eq mount_point($h->{work}) } split /\n/, slurp('/proc/mounts');
    return {
        date => POSIX::strftime('%Y-%m-%d %H:%M', localtime), kernel => (POSIX::uname())[2], cpu => "$cores x $cpu",
        memory_gib => sprintf('%.1f', $memory / 1048576), work => $h->{work}, filesystem => "$type on $source, " . (split ' ', $options)[3],
        packages => [ Bench::Host::versions() ], stacks => { map { $_->{name} => $_->{label} } @$stacks },
    };
}

sub mount_point { my ($s, $text) = run('df', '--output=target', $_[0]); return (split ' ', $text)[-1] }

# ---- tables ---------------------------------------------------------------------------------------------

sub table {
    my ($head, @rows) = @_;
    return join '', map { '| ' . join(' | ', @$_) . " |\n" } $head, [ map { '---' } @$head ], @rows;
}

sub stacks_of {
    my ($result, $kind) = @_;
    my %seen;
    for my $key (keys %{ $result->{$kind} }) { $seen{$_} = 1 for keys %{ $result->{$kind}{$key} } }
    return grep { $seen{$_} } @ORDER;
}

# Cells in the order of their numbers.
sub cells {
    my ($result, $kind) = @_;
    return sort { my @a = split / /, $a; my @b = split / /, $b; $a[2] <=> $b[2] || $a[0] <=> $b[0] || $a[1] <=> $b[1] } keys %{ $result->{$kind} };
}

sub cell_name {
    my ($size, $sessions, $rcpts) = split / /, $_[0];
    return ($size >= 1048576 ? $size / 1048576 . ' MB' : $size / 1024 . ' KB') . ", $sessions, $rcpts";
}

sub smtp_tables {
    my ($result) = @_;
    my @stacks = stacks_of($result, 'smtp');
    my @peers = grep { $_ ne 'ours' } @stacks;
    my (@speed, @cpu);
    for my $key (cells($result, 'smtp')) {
        my %v = map { $_ => value($result, 'smtp', $key, $_, 'delivered') } @stacks;
        push @speed, [ cell_name($key), (map { show(value($result, 'smtp', $key, $_, 'accepted')) . ' / ' . show($v{$_}) } @stacks),
            map { ratio($v{ours}, $v{$_}) } @peers ];
        push @cpu, [ cell_name($key), map { cpu_cell($result, $key, $_) } @stacks ];
    }
    return "## SMTP: messages accepted a second / copies delivered a second\n\nRatios are of delivered copies.\n\n"
        . table([ 'size, sessions, recipients', @stacks, map { "ours / $_" } @peers ], @speed)
        . "\n## CPU seconds per 1000 messages\n\nAll processes of the stack, with the database and authdaemond; syslog apart (the last number).\n\n"
        . table([ 'size, sessions, recipients', @stacks ], @cpu);
}

sub cpu_cell {
    my ($result, $key, $stack) = @_;
    my %groups = map { $_ => 1 } map { keys %{ $_->{cpu} } } reps($result, 'smtp', $key, $stack);
    my $syslog = value($result, 'smtp', $key, $stack, 'cpu.syslog');
    my @parts = map { "$_ " . show(value($result, 'smtp', $key, $stack, "cpu.$_")) } grep { $_ ne 'syslog' && $_ ne 'pop3d' } sort keys %groups;
    return show(cpu_median($result, $key, $stack)) . ' (' . join(', ', @parts) . ')' . (defined $syslog ? ' + ' . show($syslog) : '');
}

sub syscall_tables {
    my ($result) = @_;
    my @stacks = stacks_of($result, 'syscalls');
    my $text = "## System calls, syncs and processes per message\n\nstrace of the mail programs; the peers' database, authdaemond and syslog are not in it, our authd is.\n\n";
    my @rows;
    for my $key (cells($result, 'syscalls')) {
        for my $what (qw(total syncs processes)) {
            push @rows, [ cell_name($key) . ": $what", map { show(value($result, 'syscalls', $key, $_, $what)) } @stacks ];
        }
    }
    $text .= table([ 'size, sessions, recipients', @stacks ], @rows);
    for my $stack (@stacks) {
        my ($r) = reps($result, 'syscalls', '10240 20 1', $stack) or next;
        my @top = grep { $r->{calls}{$_} >= 0.05 } sort { $r->{calls}{$b} <=> $r->{calls}{$a} } keys %{ $r->{calls} };
        $text .= "\n$stack, one recipient, by program: " . join(', ', map { "$_ " . show($r->{by_group}{$_}) } sort keys %{ $r->{by_group} })
            . '; by call: ' . join(', ', map { "$_ " . show($r->{calls}{$_}) } @top[0 .. ($#top < 24 ? $#top : 24)]) . "\n";
    }
    return $text;
}

sub mem_tables {
    my ($result) = @_;
    my @stacks = stacks_of($result, 'mem');
    my @rows;
    for my $what (qw(smtp pop3)) {
        push @rows, [ "$what: KiB a session", map { show(value($result, 'mem', $what, $_, 'kib_per_session')) } @stacks ];
        push @rows, [ "$what: processes a session", map { show(value($result, 'mem', $what, $_, 'processes_per_session')) } @stacks ];
    }
    my $text = "## Memory of idle sessions (proportional set size, 500 sessions)\n\nThe kernel's own memory of a process or socket is not in it.\n\n" . table([ '', @stacks ], @rows);
    for my $what (qw(smtp pop3)) {
        for my $stack (@stacks) {
            my ($r) = reps($result, 'mem', $what, $stack) or next;
            my $by = $r->{by_name};
            $text .= "\n$stack, with the idle $what sessions: " . join(', ', map { "$by->{$_}{processes} x $_ " . show($by->{$_}{kib_each}) . ' KiB' } sort keys %$by) . "\n";
        }
    }
    return $text;
}

# Rates of pop3 and auth: rows are the keys.
sub rate_table {
    my ($result, $kind, $title) = @_;
    my @stacks = stacks_of($result, $kind);
    my @peers = grep { $_ ne 'ours' } @stacks;
    my $number = sub { my ($n) = $_[0] =~ /(\d+)\z/; return $n };
    my @rows;
    for my $key (sort { (split / \d+\z/, $a)[0] cmp (split / \d+\z/, $b)[0] || $number->($a) <=> $number->($b) } keys %{ $result->{$kind} }) {
        my %v = map { $_ => value($result, $kind, $key, $_, 'rate') } @stacks;
        my @extra = $kind eq 'pop3' ? map { show(value($result, $kind, $key, $_, 'cpu')) } @stacks : ();
        push @rows, [ $key, (map { show($v{$_}) } @stacks), (map { ratio($v{ours}, $v{$_}) } @peers), @extra ];
    }
    my @extra = $kind eq 'pop3' ? map { "CPU s/1000 $_" } @stacks : ();
    return "## $title\n\n" . table([ '', @stacks, (map { "ours / $_" } @peers), @extra ], @rows);
}

sub disk_table {
    my ($result) = @_;
    return "## The disk's own bound\n\nCreate 10 KB, fsync, rename, fsync the directory.\n\n"
        . table([ 'processes', 'files a second' ], map { [ $_, show(value($result, 'disk', $_, 'disk', 'rate')) ] } sort { $a <=> $b } keys %{ $result->{disk} });
}

# ---- targets ------------------------------------------------------------------------------------------------

# [ what, wanted, number measured or undef, met or not ]
sub targets {
    my ($result) = @_;
    my ($one, $fifty) = ('10240 20 1', '10240 20 50');
    my $delivered = sub { value($result, 'smtp', $_[0], $_[1], 'delivered') };
    my $calls = sub { value($result, 'syscalls', $one, 'ours', $_[0]) };
    my ($best) = sort { $b <=> $a } grep { defined } map { $delivered->($fifty, $_) } qw(guide virtual lmtp);
    my $over = sub { my ($a, $b) = @_; return defined $a && $b ? $a / $b : undef };
    my $ours = $delivered->($one, 'ours');
    return (
        [ 'ours / guide, copies/s, 10 KB, 20 sessions', '>=', 8, $over->($ours, $delivered->($one, 'guide')) ],
        [ 'ours / virtual, the same', '>=', 5, $over->($ours, $delivered->($one, 'virtual')) ],
        [ 'ours / lmtp, the same', '>=', 8, $over->($ours, $delivered->($one, 'lmtp')) ],
        [ '50 recipients: ours / the best peer, copies/s', '>=', 5, $over->($delivered->($fifty, 'ours'), $best) ],
        [ 'CPU per message: guide / ours', '>=', 6, $over->(cpu_median($result, $one, 'guide'), cpu_median($result, $one, 'ours')) ],
        [ 'system calls a message', '<=', 90, $calls->('total') ],
        [ 'syncs a message', '<=', 2, $calls->('syncs') ],
        [ 'processes a message', '<=', 0, $calls->('processes') ],
    );
}

sub verdict {
    my ($sign, $wanted, $is) = @_;
    return 'not measured' unless defined $is;
    return ($sign eq '>=' ? $is >= $wanted : $is <= $wanted) ? 'met' : 'NOT MET';
}

sub target_table {
    my ($result) = @_;
    return "## Targets\n\n" . table([ 'target', 'wanted', 'measured', '' ],
        map { my ($what, $sign, $wanted, $is) = @$_; [ $what, "$sign $wanted", show($is), verdict($sign, $wanted, $is) ] } targets($result));
}

# ---- all of it ------------------------------------------------------------------------------------------------

sub document {
    my ($result) = @_;
    my $a = $result->{about} || {};
    my @text = ("# Benchmark results\n\nQuote ratios, not absolute figures: they drift from run to run and from machine to machine.\n");
    push @text, "$a->{date}; Linux $a->{kernel}, $a->{cpu}, $a->{memory_gib} GiB; $a->{work} is $a->{filesystem}.\n\nPeers: " . join(', ', @{ $a->{packages} }) . ".\n\n"
        . table([ 'stack', 'what it is' ], map { [ $_, $a->{stacks}{$_} ] } grep { $a->{stacks}{$_} } @ORDER) if $a->{date};
    push @text, target_table($result);
    push @text, smtp_tables($result) if $result->{smtp};
    push @text, syscall_tables($result) if $result->{syscalls};
    push @text, mem_tables($result) if $result->{mem};
    push @text, rate_table($result, 'pop3', 'POP3 sessions a second (10 messages of 4 KB)') if $result->{pop3};
    push @text, rate_table($result, 'auth', 'authdaemon requests a second') if $result->{auth};
    push @text, disk_table($result) if $result->{disk};
    push @text, "## Failures\n\n" . join '', map { "- $_" } @{ $result->{failures} } if $result->{failures};
    return join "\n", @text;
}

sub write {
    my ($result, $out) = @_;
    my $text = document($result);
    spit($out, $text);
    (my $json = $out) =~ s/\.md\z//;
    spit("$json.json", JSON::PP->new->canonical->pretty->encode($result));
    say_line("\n$text\nWritten to $out and $json.json");
}

1;
