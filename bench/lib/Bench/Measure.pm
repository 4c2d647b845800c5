# SPDX-License-Identifier: ISC
# One measurement of one stack each. Every function returns a hash of numbers.
package Bench::Measure;

use strict;
use warnings;

use Bench::Host qw(DOMAIN PASSWORD USERS empty_mailboxes fill_mailboxes sync_disk);
use Bench::Util qw(run spawn slurp wait_for tree cpu_seconds pss_kib smtp_load smtp_processes count_files trace_start trace_stop);
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

use constant STALL_SECONDS => 15; # without one more copy: given up

# ---- SMTP -------------------------------------------------------------------------------------------

# A number of messages that all load processes share evenly.
sub round_messages {
    my ($n, $sessions) = @_;
    my $k = smtp_processes($sessions);
    return $k * (int($n / $k) || 1);
}

sub cpu_of_groups {
    my ($stack) = @_;
    return map { $_ => cpu_seconds(@{ $stack->{groups}{$_} }) } keys %{ $stack->{groups} };
}

# Sends, and waits until every copy is in new/: (seconds until accepted, until delivered, copies).
sub send_and_wait {
    my ($h, $stack, $cell, $messages) = @_;
    my $new = "$stack->{home}/" . DOMAIN . ($cell->{rcpts} > 1 ? '/*r' : '/u000?') . '/Maildir/new';
    my $copies = $messages * $cell->{rcpts};
    my $begin = time;
    my $accepted = smtp_load(messages => $messages, %$cell, host => '127.0.0.1', port => $stack->{smtp}, domain => DOMAIN,
        log => "$h->{log}/smtp-source");
    defined $accepted or die "$stack->{name}: smtp-source failed; see $h->{log}/smtp-source\n";
    my ($n, $progress) = (-1, time);
    while ((my $now = count_files($new)) < $copies) {
        ($n, $progress) = ($now, time) if $now > $n;
        time - $progress < STALL_SECONDS or die "$stack->{name}: $n of $copies copies delivered; no more for " . STALL_SECONDS . " s\n";
        sleep 0.02;
    }
    return ($accepted, time - $begin, $copies);
}

# $cell: { size, sessions, rcpts }. Mailboxes are emptied afterwards.
sub smtp {
    my ($h, $stack, $cell, $messages) = @_;
    $messages = round_messages($messages, $cell->{sessions});
    my %before = cpu_of_groups($stack);
    my ($accepted, $delivered, $copies) = send_and_wait($h, $stack, $cell, $messages);
    sleep 0.3; # what is left to do behind the last rename belongs to it, too
    my %after = cpu_of_groups($stack);
    empty_mailboxes($h, $stack->{home});
    return {
        messages => $messages, accepted => $messages / $accepted, delivered => $copies / $delivered,
        cpu => { map { $_ => ($after{$_} - $before{$_}) * 1000 / $messages } keys %after },
    };
}

# ---- system calls, syncs, processes ---------------------------------------------------------------------

sub syscalls {
    my ($h, $stack, $cell, $messages) = @_;
    $messages = round_messages($messages, $cell->{sessions});
    my %trace = map { $_ => trace_start("$h->{work}/strace.$stack->{name}.$_", @{ $stack->{groups}{$_} }) } @{ $stack->{trace} };
    send_and_wait($h, $stack, $cell, $messages);
    sleep 1;
    my (%calls, %by_group);
    for my $group (keys %trace) {
        my $n = trace_stop($trace{$group});
        for (keys %$n) {
            $calls{$_} += $n->{$_} / $messages;
            $by_group{$group} += $n->{$_} / $messages;
        }
    }
    empty_mailboxes($h, $stack->{home});
    my $sum = sub { my $s = 0; $s += $calls{$_} || 0 for @_; return $s };
    return {
        messages => $messages, total => $sum->(keys %calls), syncs => $sum->(qw(fsync fdatasync syncfs sync sync_file_range)),
        processes => $sum->(qw(fork vfork clone clone3)), by_group => \%by_group, calls => \%calls,
    };
}

# ---- memory -----------------------------------------------------------------------------------------------

sub pss_sum { my $sum = 0; $sum += $_->[2] for pss_kib(@_); return $sum }

# "pop3" for "/usr/lib/dovecot/pop3 ..."; titles of servers are cut at the first blank.
sub short_name {
    my ($command) = @_;
    my ($first) = $command =~ /\A(?:\S*\/)?([^\s\/:]+)/;
    return defined $first ? $first : $command;
}

sub pss_by_name {
    my %by;
    for (pss_kib(@_)) {
        my $entry = $by{ short_name($_->[1]) } ||= [ 0, 0 ];
        $entry->[0]++;
        $entry->[1] += $_->[2];
    }
    return { map { $_ => { processes => $by{$_}[0], kib_each => $by{$_}[1] / $by{$_}[0] } } keys %by };
}

sub read_line {
    my ($client) = @_;
    my $line = <$client>;
    return defined $line ? $line : '';
}

sub dialogue {
    my ($client, $send, $expect) = @_;
    print {$client} $send if defined $send;
    my $line = read_line($client);
    $line = read_line($client) while $line =~ /\A\d{3}-/;
    $line =~ $expect or die "unexpected reply: $line\n";
}

sub idle_smtp {
    my ($client) = @_;
    dialogue($client, undef, qr/\A220 /);
    dialogue($client, "EHLO bench.example\r\n", qr/\A250 /);
}

sub idle_pop3 {
    my ($client, $n) = @_;
    dialogue($client, undef, qr/\A\+OK/);
    dialogue($client, sprintf("USER u%04d\@%s\r\n", $n, DOMAIN), qr/\A\+OK/);
    dialogue($client, sprintf("PASS %s\r\n", PASSWORD), qr/\A\+OK/);
}

# The proportional set size that $count idle sessions add. $what: "smtp" or "pop3".
sub memory {
    my ($stack, $what, $count) = @_;
    my @roots = map { @{ $stack->{groups}{$_} } } grep { !/\A(?:mariadb|syslog)\z/ } keys %{ $stack->{groups} };
    my ($before, $processes) = (pss_sum(@roots), scalar tree(@roots));
    my @clients;
    for my $n (0 .. $count - 1) {
        my $client = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $stack->{$what}, Timeout => 20) or die "connect: $!\n";
        $what eq 'smtp' ? idle_smtp($client) : idle_pop3($client, $n);
        push @clients, $client;
    }
    sleep 1;
    my $result = {
        sessions => $count, kib_per_session => (pss_sum(@roots) - $before) / $count,
        processes_per_session => (tree(@roots) - $processes) / $count, by_name => pss_by_name(@roots),
    };
    close $_ for @clients;
    sleep 2;
    return $result;
}

# ---- POP3, authentication, disk -------------------------------------------------------------------------

# The line that bench_run prints, as numbers.
sub load_result {
    my ($status, $text) = @_;
    my %r = $text =~ /(\w+)=([\d.]+)/g;
    exists $r{rate} && $r{ok} or die "load program:\n$text\n";
    return \%r;
}

sub pop3 {
    my ($h, $stack, $mode, $clients, $sessions, $quickack) = @_;
    local $ENV{QUICKACK} = 1;
    delete $ENV{QUICKACK} unless $quickack;
    my @roots = @{ $stack->{groups}{ $stack->{pop3_group} } };
    my $cpu = cpu_seconds(@roots);
    my $r = load_result(run("$h->{work}/load/popload", '127.0.0.1', $stack->{pop3}, $clients, $sessions, $mode, 'u%04u@' . DOMAIN, USERS,
        PASSWORD));
    sleep 0.3;
    $r->{cpu} = (cpu_seconds(@roots) - $cpu) * 1000 / $sessions;
    return $r;
}

sub auth {
    my ($h, $stack, $kind, $clients, $requests) = @_;
    return load_result(run("$h->{work}/load/authload", $stack->{auth}, $clients, $requests, $kind, 'u%04u@' . DOMAIN, USERS, PASSWORD));
}

sub disk {
    my ($h, $processes, $files, $size) = @_;
    my $dir = "$h->{work}/disk";
    Bench::Util::make_dir($dir);
    my $r = load_result(run("$h->{work}/load/diskbound", $dir, $processes, $files, $size));
    run('rm', '-rf', $dir);
    sync_disk($h);
    return $r;
}

1;
