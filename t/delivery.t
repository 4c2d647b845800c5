#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# From SMTP to the mailbox through all daemons: aliases, duplicates, bounces, deferral, retry, restart.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use MrTest qw(wait_for slurp run_command);
use Test::More;

my $m = MrTest->start(
    conf => {
        minimal_backoff_time => '1s',
        maximal_backoff_time => '1s',
        queue_run_delay => '1s',
        maximal_queue_lifetime => '20s',
        bounce_queue_lifetime => '20s',
    }
);
$m->add_mailbox("$_\@example.com") for qw(bob carol);
my %alias = (
    'support@example.com' => 'alice@example.com',
    'team@example.com' => 'alice@example.com,bob@example.com',
    'nested@example.com' => 'team@example.com,carol@example.com',
    'gone@example.com' => 'nobody@example.com',
    'self@example.com' => 'self@example.com,bob@example.com',
    'away@example.com' => 'someone@remote.example',
    'ring1@example.com' => 'ring2@example.com',
    'ring2@example.com' => 'ring1@example.com',
);
for my $address (sort keys %alias) {
    my ($status, $output) = run_command([$m->program('mailadm'), '-c', $m->etc, 'alias', 'add', $address, $alias{$address}]);
    is $status, 0, "alias $address" or diag $output;
}
$m->messages('alice@example.com');    # the first message of ./start

# Subjects that have come into each mailbox, sorted, once all of $want are there.
sub subjects {
    my ($address, @want) = @_;
    my @got = map { /^Subject: (.*?)\r$/m } $m->wait_messages($address, scalar @want, 10);
    return join ' ', sort @got;
}

sub send_to {
    my ($subject, @to) = @_;
    return $m->send('sender@example.net', [@to], "Subject: $subject\r\nTo: x\@y.example\r\n\r\nbody\r\n");
}

like send_to('one', 'SUPPORT@Example.COM'), qr/^250 2\.0\.0 Ok: queued as [0-9A-F]{13}\r?$/, 'an alias, in any case of letters';
like send_to('two', 'alice@example.com', 'team@example.com', 'support@example.com', 'alice@example.com'), qr/^250 /,
    'recipients that are one in the end';
like send_to('three', 'nested@example.com'), qr/^250 /, 'an alias of an alias';
like send_to('four', 'self@example.com'), qr/^(?:250|451) /, 'an alias that holds itself';
is subjects('alice@example.com', 1 .. 3), 'one three two', 'alice has each once';
is subjects('carol@example.com', 1), 'three', 'so has carol';
like $m->wait_log(qr/to=<alice\@example\.com>, orig_to=<SUPPORT\@Example\.COM>, relay=maildrop, .*status=sent/i),
    qr/dsn=2\.0\.0/, 'the log names the original recipient';

subtest 'an alias to nobody bounces to the sender, in three parts' => sub {
    like $m->send('bob@example.com', 'gone@example.com', "Subject: lost\r\nMessage-Id: <m1\@example.com>\r\n\r\nbody\r\n"), qr/^250 /, 'taken';
    my $bounce;
    wait_for(sub { ($bounce) = grep { /^Subject: Undelivered/m } $m->messages('bob@example.com'); $bounce }, 15);
    like $bounce, qr/^Return-Path: <MAILER-DAEMON>\r?$/m, 'null sender';
    (my $unfolded = $bounce) =~ s/\r?\n    / /g;
    like $unfolded, qr/^<nobody\@example\.com> \(expanded from <gone\@example\.com>\): user unknown/mi, 'says whom and why';
    like $bounce, qr/^Final-Recipient: rfc822; nobody\@example\.com\r?$/m, 'delivery status: final recipient';
    like $bounce, qr/^Original-Recipient: rfc822;gone\@example\.com\r?$/m, 'original recipient';
    like $bounce, qr/^Status: 5\.1\.1\r?$/m, 'status';
    like $bounce, qr/^Content-Type: message\/rfc822\r?\n\r?\n(?:.*\n)*?Subject: lost/m, 'the message is returned';
};

subtest 'mail for another host is deferred with a reason, and returned when its time is over' => sub {
    like $m->send('bob@example.com', 'away@example.com', "Subject: far\r\n\r\nbody\r\n"), qr/^250 /, 'taken';
    like $m->wait_log(qr/to=<someone\@remote\.example>.*status=deferred/), qr/relay=none.*dsn=4\.\d\.\d.*no remotedeliver service/,
        'deferred: the log says why';
    my ($status, $output) = run_command([$m->program('queue') =~ s/queue$/mailq/r, '-c', $m->etc]);
    like $output, qr/someone\@remote\.example/, 'mailq shows it';
    ok $m->wait_log(qr/status=expired, returned to sender/, 40), 'expired';
    my $bounce;
    wait_for(sub { ($bounce) = grep { /^Subject: Undelivered/m } $m->messages('bob@example.com'); $bounce }, 15);
    like $bounce, qr/someone\@remote\.example/, 'returned';
};

subtest 'localdeliver away for a while: spooled, delivered once when it is back' => sub {
    kill 'TERM', $m->pid('localdeliver');
    wait_for(sub { !grep { $_ eq 'localdeliver' } values %{ { $m->processes } } }, 15);
    like send_to('later', 'carol@example.com'), qr/^250 /, 'taken';
    kill 'TERM', $m->pid('queue');
    wait_for(sub { !grep { $_ eq 'queue' } values %{ { $m->processes } } }, 30) or diag 'queue does not stop';
    my $smtp = $m->smtp;
    $smtp->ok('MAIL FROM:<a@example.net>');
    like $smtp->command('RCPT TO:<carol@example.com>'), qr/^451 4\.3\.0 Error: queue file write error/,
        'without a queue: a temporary failure, before a client loses patience';
    $smtp->quit;
    run_command([$m->program($_), '-c', $m->etc]) for qw(queue localdeliver);
    is subjects('carol@example.com', 1), 'later', 'there after both have started again';
};

subtest 'authd away: a temporary failure, never an unknown user' => sub {
    kill 'TERM', $m->pid('authd');
    wait_for(sub { !grep { $_ eq 'authd' } values %{ { $m->processes } } }, 15);
    my $smtp = $m->smtp;
    $smtp->ok('MAIL FROM:<a@example.net>');
    like $smtp->command('RCPT TO:<alice@example.com>'), qr/^451 4\.3\.0 <alice\@example\.com>: Temporary lookup failure/, 'RCPT';
    $smtp->quit;
    my $pop3 = $m->pop3;
    $pop3->command('USER alice@example.com');
    like $pop3->command('PASS x'), qr/^-ERR Temporary problem/, 'PASS';
    my ($status, $output) = run_command([$m->program('authtest'), '-c', $m->etc, 'alice@example.com']);
    is $status, 1, 'authtest fails';
    unlike $output, qr/Operation not permitted/, 'and does not say that the user is unknown';
    run_command([$m->program('authd'), '-c', $m->etc]);
    ok wait_for(sub { send_to('again', 'carol@example.com') =~ /^250 / }, 15), 'recovers by itself';
};
is scalar(grep { -f } glob $m->dir . '/spool/{queue/*,tmp,staging}/*'), 0, 'the spool is empty in the end';
done_testing;
