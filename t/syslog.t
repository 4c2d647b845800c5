#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Logging to syslog from inside the chroots, across a restart of syslog: the test plays syslog.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Select;
use IO::Socket::UNIX;
use MrTest qw(wait_for);
use Test::More;

my $PATH = '/dev/log';
plan skip_all => 'not run: only root can make /dev/log' if $> != 0;
plan skip_all => 'not run: this machine has a syslog of its own' if -S $PATH;

my @lines;

sub open_syslog {
    unlink $PATH;
    my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $PATH) or die "$PATH: $!\n";
    chmod 0666, $PATH;
    return $s;
}

# Takes what has come until a line matches; that line.
sub wait_line {
    my ($syslog, $pattern) = @_;
    my $select = IO::Select->new($syslog);
    return wait_for(
        sub {
            while ($select->can_read(0)) {
                $syslog->recv(my $line, 8192);
                push @lines, $line;
            }
            return (grep { $_ =~ $pattern } @lines)[0];
        },
        15
    );
}

my $syslog = open_syslog();
END { unlink $PATH if $syslog }
my $m = MrTest->start(conf => { maillog_file => '' });

like $m->send('a@example.net', 'alice@example.com', "Subject: one\r\n\r\nx\r\n"), qr/^250 .* (\w+)\r?$/, 'a message';
my $line = wait_line($syslog, qr/status=sent/);
like $line, qr/^<22>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d postfix\/pipe\[\d+\]: [0-9A-F]+: to=<alice\@example.com>/,
    'its delivery, as facility mail, severity info, in syslog\'s form';
ok wait_line($syslog, qr/^<22>\S+ .{11} postfix\/smtpd\[\d+\]: connect from/), 'smtpd writes from its chroot';
my $pop3 = $m->pop3_login('alice@example.com');
$pop3->quit;
ok wait_line($syslog, qr/: pop3d: LOGIN, user=alice|pop3d: LOGIN, user=alice/), 'so does pop3d';

close $syslog;
unlink $PATH;
like $m->send('a@example.net', 'alice@example.com', "Subject: two\r\n\r\nx\r\n"), qr/^250 /, 'syslog is away: mail is taken';
@lines = ();
$syslog = open_syslog();
ok wait_for(
    sub {
        $m->send('a@example.net', 'alice@example.com', "Subject: three\r\n\r\nx\r\n");
        return wait_line_now($syslog, qr/postfix\/smtpd\[\d+\]: connect from/) && (grep { /status=sent/ } @lines);
    },
    20
    ),
    'syslog is back: the lines of every process come again';

sub wait_line_now {
    my ($from, $pattern) = @_;
    my $select = IO::Select->new($from);
    while ($select->can_read(0.3)) {
        $from->recv(my $text, 8192);
        push @lines, $text;
    }
    return grep { $_ =~ $pattern } @lines;
}
my %before = $m->processes;
ok scalar(keys %before) > 5, 'no process ended for it';
done_testing;
