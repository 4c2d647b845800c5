#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Programs that read Postfix's log read ours: pflogsumm counts what happened, and fail2ban's stock filter finds
# the clients that were refused.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use MrTest qw(wait_for have_command run_command);
use Test::More;

my $m = MrTest->start(
    conf => { mynetworks => '127.0.0.1', smtpd_hard_error_limit => 5, minimal_backoff_time => '300s', mail_name => 'Postfix' });
$m->add_mailbox('bob@example.com');
my $STRANGER = '127.0.0.3';    # not in mynetworks

sub stranger { return $m->smtp(from => $STRANGER, @_) }

# ---- what happens ---------------------------------------------------------------------------

for my $to ('alice@example.com', ['alice@example.com', 'bob@example.com']) {
    like $m->send('sender@example.net', $to, "Subject: one\r\n\r\nbody\r\n"), qr/^250 /, 'mail is taken';
}
like $m->send('bob@example.com', 'someone@remote.example', "Subject: far\r\n\r\nbody\r\n"), qr/^250 /, 'mail that has to wait';

my $smtp = stranger();
$smtp->ok('MAIL FROM:<a@stranger.example>');
like $smtp->command('RCPT TO:<someone@remote.example>'), qr/^554 5\.7\.1 /, 'relaying is refused';
like $smtp->command('RCPT TO:<nobody@example.com>'), qr/^550 5\.1\.1 /, 'so is an unknown user';
$smtp->quit;
$smtp = stranger();
like $smtp->auth_plain('alice@example.com', 'wrong'), qr/^535 /, 'a wrong password';
$smtp->quit;
$smtp = stranger();
my @replies = map { $smtp->command('NONSENSE') } 1 .. 6;
like $replies[-1], qr/^421 4\.7\.0 .* too many errors/, 'too many errors';
$m->pop3_login('alice@example.com')->quit;
ok $m->wait_log(qr/to=<someone\@remote\.example>.*status=deferred/), 'the deferred delivery is in the log';
my $log = $m->dir . '/log/mail.log';

# ---- who reads it ---------------------------------------------------------------------------

# The number in front of a line of pflogsumm's totals.
sub total {
    my ($report, $name) = @_;
    return $report =~ /^\s+(\d+)\s+\Q$name\E\b/m ? $1 : "no line \"$name\"";
}

SKIP: {
    skip 'pflogsumm is not installed', 7 unless have_command('pflogsumm');
    my ($status, $report) = run_command(['pflogsumm', $log]);
    is $status, 0, 'pflogsumm reads the log' or diag $report;
    is total($report, 'received'), 4, 'messages received (one is of ./start)';
    is total($report, 'delivered'), 4, 'deliveries' or diag $report;
    is total($report, 'deferred'), 1, 'deferred';
    is total($report, 'rejected'), 2, 'rejected';
    like $report, qr/^message deferral detail\n.*?no remotedeliver service/ms, 'why mail waits';
    like $report, qr/alice\@example\.com/, 'recipients by name';
}

SKIP: {
    skip 'fail2ban-regex is not installed', 4 unless have_command('fail2ban-regex');
    my %expect = (
        auth => [1, 'the wrong password'],
        normal => [3, 'refused recipients, and too many errors'],
        errors => [1, 'too many errors'],
        extra => [4, 'all of them'],
    );
    for my $mode (sort keys %expect) {
        my ($status, $report) = run_command(['fail2ban-regex', $log, "postfix[mode=$mode]"]);
        my ($failures) = $report =~ /^Failregex: (\d+) total/m;
        is $failures, $expect{$mode}[0], "fail2ban's filter, mode $mode: $expect{$mode}[1]" or diag $report;
    }
}
done_testing;
