#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# What each process may do, read from /proc while the suite runs with sessions open: users and
# groups, root directory, capabilities, no-new-privileges, open descriptors. doc/architecture.md
# has the table that this checks.
use strict;
use warnings;

use File::Glob 'bsd_glob';
use Test::More;

use MrTest qw(slurp wait_for);

my $m = MrTest->start;
my $root = $> == 0;

# A message delivered and sessions open, so that the processes that are made on request exist, too.
$m->send('a@example.net', 'alice@example.com', "Subject: x\r\n\r\ny\r\n");
my $smtp = $m->smtp;
my $pop3 = $m->pop3;
my $session = $m->pop3_login('alice@example.com');

# What /proc tells of a process.
sub look_at {
    my ($pid, $service) = @_;
    my %status = map { /^(\w+):\s*(.*)$/ ? ($1 => $2) : () } split /\n/, slurp("/proc/$pid/status") || '';
    return {
        pid => $pid,
        service => $service,
        parent => $m->pid($service) == $pid,
        uid => $status{Uid},
        gid => $status{Gid},
        groups => $status{Groups} || '',
        capabilities => $status{CapEff},
        no_new_privileges => $status{NoNewPrivs},
        seccomp => $status{Seccomp},
        root => readlink "/proc/$pid/root",
        command => join(' ', split /\0/, slurp("/proc/$pid/cmdline") || ''),
        descriptors => [grep { defined } map { readlink } bsd_glob("/proc/$pid/fd/*")],
    };
}

my %processes = $m->processes;
my @processes = map { look_at($_, $processes{$_}) } sort { $a <=> $b } keys %processes;
note sprintf '%-8s %-13s uid=%s groups=%s root=%s caps=%s nnp=%s [%s]', $_->{pid}, $_->{service} . ($_->{parent} ? '*' : ''),
    (split ' ', $_->{uid})[0], $_->{groups}, $_->{root} // '?', $_->{capabilities}, $_->{no_new_privileges} // '?', $_->{command}
    for @processes;

my %user_of = (authd => 'mr-auth', smtpd => 'mr-smtpd', queue => 'mr-queue', localdeliver => 'mr-local', pop3d => 'mr-pop3');

# The workers of a service; localdeliver's mda and pop3d's sessions run as the mailbox's owner, and
# pop3d's session parent is root, because it becomes that owner.
sub expected_users {
    my ($p) = @_;
    return ('root') if $p->{parent};
    return ($user_of{pop3d}, 'vuser', 'root') if $p->{service} eq 'pop3d';
    return ($user_of{localdeliver}, 'vuser') if $p->{service} eq 'localdeliver';
    return ($user_of{ $p->{service} });
}

sub name_of { my ($p) = @_; return "$p->{service} $p->{pid}" . ($p->{parent} ? ' (parent)' : '') }

sub is_root_process { return (split ' ', $_[0]{uid})[0] == 0 }

SKIP: {
    skip 'users, groups, root directories and capabilities: only root can have them', 1 unless $root;
    subtest 'users and groups' => sub {
        for my $p (@processes) {
            my %uids = map { scalar(getpwnam $_) => $_ } expected_users($p);
            my @ids = split ' ', $p->{uid};
            my $user = $uids{ $ids[0] };
            ok defined $user, name_of($p) . ": user $ids[0] is " . join ' or ', values %uids;
            is_deeply [@ids[1 .. 3]], [@ids[0, 0, 0]], name_of($p) . ': no other uid to go back to';
            next if is_root_process($p);
            my $gid = (getpwnam $user)[3];
            is $p->{gid}, join("\t", ($gid) x 4), name_of($p) . ': its group only';
            like $p->{groups}, qr/^(?:$gid)?\s*$/, name_of($p) . ': no supplementary group';
        }
    };
    subtest 'root directories' => sub {
        my %root_of = (smtpd => [$m->dir . '/spool/empty'], queue => [$m->dir . '/spool'], authd => ['/']);
        for my $p (grep { !is_root_process($_) } @processes) {
            my $expected = $root_of{ $p->{service} };
            is $p->{root}, $expected->[0], name_of($p) if $expected;
        }
        my @of_pop3d = grep { $_->{service} eq 'pop3d' && !is_root_process($_) } @processes;
        for my $p (@of_pop3d) {
            my $user = getpwuid((split ' ', $p->{uid})[0]);
            my $expected = $user eq 'vuser' ? $m->dir . '/domains/example.com/alice/Maildir' : $m->dir . '/spool/empty';
            is $p->{root}, $expected, name_of($p) . " as $user";
        }
        ok scalar(grep { $_->{root} =~ /Maildir$/ } @of_pop3d), 'a POP3 session is confined to its Maildir';
        for my $p (grep { $_->{service} eq 'localdeliver' && getpwuid((split ' ', $_->{uid})[0]) eq 'mr-local' } @processes) {
            is $p->{root}, $m->dir . '/spool/empty', name_of($p);
        }
    };
    subtest 'capabilities' => sub {
        for my $p (@processes) {
            next if is_root_process($p);
            is $p->{capabilities}, '0' x 16, name_of($p);
        }
        my @root = grep { is_root_process($_) && !$_->{parent} } @processes;
        is scalar(grep { $_->{service} ne 'pop3d' } @root), 0, 'no worker but the session parent of pop3d is root';
    };
}

subtest 'no new privileges' => sub {
    plan skip_all => 'this kernel has none' unless defined $processes[0]{no_new_privileges};
    for my $p (@processes) {
        next if $p->{parent} || ($root && is_root_process($p));
        is $p->{no_new_privileges}, 1, name_of($p);
    }
};

subtest 'system call filters' => sub {
    plan skip_all => 'not run: a build with sanitizers has none' if $ENV{MR_SANITIZE};
    plan skip_all => 'not run: this kernel has none' unless defined $processes[0]{seccomp};
    plan skip_all => 'not run: this build has none (no libseccomp)' unless slurp($ENV{MR_BUILD} . '/config.h') =~ /define HAVE_SECCOMP 1/;
    for my $p (grep { !$_->{parent} } @processes) {
        is $p->{seccomp}, 2, name_of($p);
    }
};

# Which kinds of descriptors each service's workers may hold.
my $socket = qr/^socket:|^anon_inode:|^pipe:|^\/dev\/null$/;
my $log = qr/\/log\/mail\.log$/;
my %may_hold = (
    smtpd => [$socket, $log, qr/memfd:|\/staging\//],
    queue => [$socket, $log, qr/memfd:/, qr/\/spool(?:\/|$)/, qr/queue\.lock$/],
    localdeliver => [$socket, $log, qr/memfd:/, qr/\/domains\//, qr/localdeliver\.lock$/],
    pop3d => [$socket, $log, qr/\/domains\//],
    authd => [$socket, $log, qr/\/accounts\//, qr/\/etc\//, qr/\/dev\/urandom/],
);

subtest 'open descriptors' => sub {
    for my $p (grep { !$_->{parent} } @processes) {
        my @others = grep { my $d = $_; !grep { $d =~ $_ } @{ $may_hold{ $p->{service} } } } @{ $p->{descriptors} };
        is_deeply \@others, [], name_of($p) . ': ' . scalar(@{ $p->{descriptors} }) . ' descriptors, none that it may not have';
    }
};

subtest 'parents' => sub {
    for my $p (grep { $_->{parent} } @processes) {
        my @files = grep { /\/domains\/|\/accounts\// } @{ $p->{descriptors} };
        is_deeply \@files, [], name_of($p) . ': holds no mailbox and no account database';
    }
};

subtest 'directories' => sub {
    my %mode_of = ('spool/private' => 0700, accounts => 0700, domains => 0700);
    for my $name (sort keys %mode_of) {
        is sprintf('%o', (stat $m->dir . "/$name")[2] & 07777), sprintf('%o', $mode_of{$name}), "mode of $name";
    }
    is sprintf('%o', (stat $m->dir . '/credentials')[2] & 07777), '600', 'mode of credentials';
    my @in_empty = bsd_glob($m->dir . '/spool/empty/{*,.[!.]*}');
    is_deeply \@in_empty, [], 'the directory that network processes are confined to is empty';
};

$_->quit for $smtp, $pop3, $session;
done_testing;
