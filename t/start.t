#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# ./start as its user sees it: started, tried, started again, asked, stopped.
use strict;
use warnings;

use File::Temp ();
use IO::Socket::INET;
use Test::More;

use MrTest qw(wait_for slurp alive run_command source_dir);

my $start = source_dir() . '/start';

my $dir = File::Temp::tempdir('/tmp/mrt a-XXXXXX', CLEANUP => 1);    # a blank in the path
chmod 0755, $dir;
my $m = MrTest->start(dir => "$dir/run");

subtest 'the first message' => sub {
    my @messages = $m->messages('alice@example.com');
    is scalar @messages, 1, 'is in the mailbox';
    like $messages[0], qr/^Subject: The first message\r$/m, 'and is the right one';
    like $m->log_text, qr/to=<alice\@example\.com>.*status=sent/, 'and is logged';
};

is_deeply [$m->log_lines(qr/warning:|error:/)], [], 'the configuration gives no warning';

subtest 'authtest' => sub {
    my @command = ($m->program('authtest'), '-c', $m->etc, '-s', 'login', 'postmaster@example.com');
    my ($status, $output) = run_command([@command, $m->password('postmaster@example.com')]);
    is $status, 0, 'exit status of the right password';
    like $output, qr/^Authentication succeeded\.$/m, 'its answer';
    like $output, qr/Quota: 104857600S/, 'names the quota';
    ($status, $output) = run_command([@command, 'wrong']);
    is $status, 1, 'exit status of a wrong password';
    like $output, qr/^Authentication FAILED: Operation not permitted$/m, 'its answer';
};

subtest 'started again' => sub {
    my %before = $m->processes;
    my $credentials = slurp("$dir/run/credentials");
    my ($status, $output) = $m->start_command;
    is $status, 0, 'is no error';
    like $output, qr/runs already/, 'says that it runs';
    my %after = $m->processes;
    is_deeply \%after, \%before, 'touches no process';
    is slurp("$dir/run/credentials"), $credentials, 'nor the passwords';
};

subtest 'what it says to type next' => sub {
    my ($status, $output) = $m->start_command;
    my $dir_re = quotemeta $m->dir;
    like $output, qr/authtest' -c '$dir_re\/etc' -s login alice\@example\.com \S+/, 'authtest';
    like $output, qr/telnet 127\.0\.0\.1 @{[ $m->smtp_port ]}\b/, 'SMTP';
    like $output, qr/telnet 127\.0\.0\.1 @{[ $m->pop3_port ]}\b/, 'POP3';
    my ($authtest) = $output =~ /^\s*('.*authtest' .*)$/m;
    my $answer = `$authtest`;
    like $answer, qr/^Authentication succeeded\.$/m, 'the authtest line can be typed as it stands';
};

subtest 'a port in use' => sub {
    my ($status, $output) = run_command([$start, '-d', "$dir/other", '-p', $m->base, '--detach']);
    isnt $status, 0, 'is an error';
    like $output, qr/port @{[ $m->smtp_port ]} is in use/, 'is said';
};

subtest '--status' => sub {
    my ($status, $output) = run_command([$start, '-d', "$dir/run", '--status']);
    is $status, 0, 'exit status';
    like $output, qr/^\Q$_\E\s+runs, pid @{[ $m->pid($_) ]}$/m, $_ for qw(authd localdeliver queue smtpd pop3d);
};

subtest '--stop' => sub {
    my %processes = $m->processes;
    cmp_ok scalar(keys %processes), '>=', 10, 'parents and workers were running';
    my ($status, $output) = run_command([$start, '-d', "$dir/run", '--stop']);
    is $status, 0, 'exit status';
    is_deeply [grep { alive($_) } keys %processes], [], 'leaves no process';
    ($status, $output) = run_command([$start, '-d', "$dir/run", '--stop']);
    is $status, 0, 'twice is no error';
    ($status, $output) = run_command([$start, '-d', "$dir/run", '--status']);
    is $status, 3, '--status says that nothing runs';
};

subtest 'a new start' => sub {
    my $password = $m->password('alice@example.com');
    open my $main_cf, '>>', $m->etc . '/main.cf';
    print {$main_cf} "mail_name = Edited\n";
    close $main_cf;
    my ($status, $output) = $m->start_command;
    is $status, 0, 'exit status' or diag $output;
    like slurp($m->etc . '/main.cf'), qr/^mail_name = Edited$/m, 'keeps a main.cf that was edited';
    is $m->password('alice@example.com'), $password, 'keeps the accounts';
    my $smtp = $m->smtp;
    like $smtp->{greeting}, qr/Edited/, 'and uses it';
    $smtp->quit;
    is scalar(my @messages = $m->messages('alice@example.com')), 0, 'sends no second first message';
};

subtest 'some daemons gone' => sub {
    kill KILL => $m->pid('queue');
    my $pid = $m->pid('queue');
    wait_for(sub { !alive($pid) });
    $m->{expected} = qr/./;
    my ($status, $output) = $m->start_command;
    is $status, 0, 'they are all started again' or diag $output;
    like $m->send('a@example.net', 'alice@example.com', "Subject: x\r\n\r\ny\r\n"), qr/^250 2\.0\.0 Ok/, 'and work';
};

subtest 'bad options' => sub {
    for my $case (['--wrong'], ['-p'], ['-p', 'x'], ['-p', '65500'], ['-d', "$dir/a'b"], ['-d', '/tmp/' . 'x' x 90]) {
        my ($status, $output) = run_command([$start, @$case, '--status']);
        cmp_ok $status, '>', 0, "@$case: exit status";
        like $output, qr/^start: /m, "@$case: says why";
    }
};

done_testing;
