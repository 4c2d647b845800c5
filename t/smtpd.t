#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# The SMTP server on the network: the recorded dialogues of t/smtpd/*.txt (Postfix with the guide's
# settings) byte for byte, apart from the list of chosen differences; smuggling; limits of time;
# settings of one listener; reload; stop.
use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);

use MrTest qw(wait_for slurp run_command);

# What differs, and why: title => { line there => line here }. A line that is gone is ''.
my $UNKNOWN = "500 5.5.2 Error: command not recognized\r\n";
my $no_etrn = sub { return map { $_ => $UNKNOWN } @_ };
my $USER_UNKNOWN = 'Recipient address rejected: User unknown';
my %different = (
    # An account that is not active cannot log in either.
    'inactive user (active=0 in DB) authenticates?' =>
        { "235 2.7.0 Authentication successful\r\n" => "535 5.7.8 Error: authentication failed: authentication failure\r\n" },
    # There are no system accounts that get mail: mail.pris.cn has no mailboxes.
    'unknown recipient / relay denied / sender mismatch (unauthenticated, outside mynetworks)' =>
        { 'RCPT TO:<root@mail.pris.cn>' => "550 5.1.1 <root\@mail.pris.cn>: $USER_UNKNOWN\r\n" },
    'VRFY/ETRN from mynetworks' => {
        'VRFY root' => "550 5.1.1 <root>: $USER_UNKNOWN\r\n",
        map { $_ => $UNKNOWN } 'ETRN pris.cn', 'ETRN remote.example', 'ETRN mail.pris.cn', 'ETRN #foo'
    },
    # ETRN is not offered and not known.
    'VRFY / ETRN / EXPN / HELP / NOOP / unknown' => {
        map { $_ => $UNKNOWN } 'ETRN pris.cn', 'ETRN remote.example', 'ETRN mail.pris.cn', 'ETRN @#foo', 'ETRN #foo',
        'ETRN bad_domain-', 'ETRN'
    },
);
my %left_out = (
    'BDAT' => 'CHUNKING is not offered',
    'oversize DATA without SIZE' => 'has a test of its own below',
);

my $m = MrTest->start(
    conf => {
        myhostname => 'mail.pris.cn',
        mail_name => 'Postfix - by zhouhao0925@126.com',
        smtpd_banner => '$myhostname, ESMTP, $mail_name',
        message_size_limit => 5242880,
    }
);
my $port = $m->smtp_port;
my ($uid, $gid) = $> == 0 ? (getpwnam 'vuser')[2, 3] : ($>, (split ' ', $))[0]);

sub mailadm {
    my ($input, @command) = @_;
    my ($status, $output) = run_command([$m->program('mailadm'), '-c', $m->etc, @command], input => $input);
    $status == 0 or die "mailadm @command: $output";
}

mailadm('', 'domain', 'add', 'pris.cn');
mailadm("extmail\n", 'mailbox', 'add', "$_\@pris.cn", '--password-stdin', '--uid', $uid, '--gid', $gid)
    for qw(postmaster alice bob);
mailadm('', 'alias', 'add', 'support@pris.cn', 'postmaster@pris.cn');

sub client {
    my ($from, $to_port) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $to_port || $port, LocalAddr => $from)
        or die "connect: $@\n";
    binmode $socket;
    return { socket => $socket, in => '' };
}

sub say_to {
    my ($client, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    syswrite $client->{socket}, $bytes;
}

# The next line with its line end, '' at the end of the connection, undef after ten seconds of silence.
sub hear {
    my ($client, $seconds) = @_;
    while ($client->{in} !~ /\n/) {
        IO::Select->new($client->{socket})->can_read($seconds || 10) or return undef;
        sysread $client->{socket}, $client->{in}, 65536, length $client->{in} or return '';
    }
    $client->{in} =~ s/\A(.*?\n)//s;
    return $1;
}

# A whole reply.
sub hear_reply {
    my ($client) = @_;
    my $reply = '';
    while (defined(my $line = hear($client))) {
        $reply .= $line;
        return $reply if $line !~ /^\d\d\d-/;
    }
    return $reply;
}

sub ask {
    my ($client, $line) = @_;
    say_to($client, "$line\r\n");
    return hear_reply($client);
}

# ---- the recorded dialogues ---------------------------------------------------------------------

sub bytes_of {
    my ($text) = @_;
    if ($text =~ /\A(.*?)(.)\2*\.\.\.<(\d+) bytes>\.\.\./) {    # a long line, shortened in the record
        return $1 . $2 x ($3 - 2 - length $1) . "\r\n";
    }
    $text =~ s/\\x([0-9a-f]{2})/chr hex $1/ge;
    $text =~ s/\\r/\r/g;
    $text =~ s/\\n/\n/g;
    return $text;
}

# What is expected instead of a recorded line, undef for a line that is not to come.
sub expected {
    my ($title, $command, $line) = @_;
    my $changes = $different{$title} || {};
    return undef if $line =~ /^250-ETRN\r/ || $line =~ /^250 CHUNKING\r/;
    $line =~ s/^250-DSN\r/250 DSN\r/;
    return exists $changes->{$command} ? $changes->{$command} : exists $changes->{$line} ? $changes->{$line} : $line;
}

# Plays one; what was said, and what should have been.
sub replay {
    my ($title, $from, @lines) = @_;
    my $client = client($from);
    my ($out, $command, $got, $want) = ('', '', '', '');
    for (@lines) {
        if (/^C: (.*)/) {
            my $bytes = bytes_of($1);
            $out .= $bytes;
            ($command = $bytes) =~ s/\r?\n\z//;
        } elsif (/^S(?:: (.*)|(<EOF>))/) {
            my $line = defined $1 ? expected($title, $command, bytes_of($1)) : '';
            next unless defined $line;
            say_to($client, $out) if length $out;
            $out = '';
            my $heard = hear($client);
            $heard = '(nothing)' unless defined $heard;
            s/(queued as) [0-9A-F]+/$1 X/ for $heard, $line;
            $got .= $heard;
            $want .= $line;
            last if $heard eq '';
        }
    }
    return ($got, $want);
}

for my $file (map { MrTest::source_dir() . "/t/smtpd/$_.txt" } qw(auth misc)) {
    for my $record (split /^##### /m, slurp($file)) {
        my ($head, @lines) = split /\n/, $record;
        next unless defined $head && $head =~ /^(.*?) +\(connect .* from (\S+)\)$/;
        my ($title, $from) = ($1, $2);
    SKIP: {
            skip "$title: $left_out{$title}", 1 if $left_out{$title};
            my ($got, $want) = replay($title, $from, @lines);
            is $got, $want, $title;
        }
    }
}

# ---- the log --------------------------------------------------------------------------------------

ok $m->wait_log(qr{postfix/smtpd\[\d+\]: NOQUEUE: reject: RCPT from unknown\[127\.0\.0\.2\]: 550 5\.1\.1 <nobody\@pris\.cn>: }
    . qr{Recipient address rejected: User unknown; from=<a\@x\.example> to=<nobody\@pris\.cn> proto=ESMTP helo=<x\.example>$}),
    'a refusal is logged with its reason';
ok $m->wait_log(qr{postfix/smtpd\[\d+\]: NOQUEUE: reject: RCPT from unknown\[127\.0\.0\.2\]: 553 5\.7\.1 <alice\@pris\.cn>: }
    . qr{Sender address rejected: not owned by user postmaster\@pris\.cn; from=<alice\@pris\.cn> to=<bob\@pris\.cn> }),
    'so is a sender that is somebody else\'s';
ok $m->wait_log(qr{postfix/smtpd\[\d+\]: warning: unknown\[127\.0\.0\.2\]: SASL PLAIN authentication failed: }
    . qr{authentication failure, sasl_username=postmaster\@pris\.cn$}), 'a refused login is logged with its name';
is join("\n", $m->log_lines(qr/not supported|ignored/)), '', 'all settings of the main.cf we ship are supported';
ok $m->wait_log(qr{postfix/smtpd\[\d+\]: disconnect from unknown\[127\.0\.0\.2\] ehlo=1 auth=0/20 commands=1/21$}),
    'the counts of a session that failed';
ok $m->wait_log(qr{postfix/cleanup\[\d+\]: [0-9A-F]+: message-id=<\d{14}\.[0-9A-F]+\@mail\.pris\.cn>$}), 'message-id';

# ---- smuggling --------------------------------------------------------------------------------------

# Each form in the midst of the content, in one piece and parted at every byte: one message, with all of it.
my %form = (
    'LF.LF' => "\n.\n", 'LF.CRLF' => "\n.\r\n", 'CRLF.LF' => "\r\n.\n", 'CR.CR' => "\r.\r", 'CRLF.CR' => "\r\n.\r",
    'CR.CRLF' => "\r.\r\n", 'LFLF.CRLF' => "\n\n.\r\n", 'CRLF NUL.CRLF' => "\r\n\0.\r\n",
);
for my $name (sort keys %form) {
    for my $split (0 .. length $form{$name}) {
        my $c = client('127.0.0.2');
        hear_reply($c);
        ask($c, $_) for 'EHLO x.example', 'MAIL FROM:<a@x.example>', 'RCPT TO:<bob@pris.cn>', 'DATA';
        say_to($c, "Subject: $name\r\n\r\nbefore" . substr $form{$name}, 0, $split);
        sleep 0.01;
        say_to($c, substr($form{$name}, $split) . "MAIL FROM:<smuggled\@x.example>\r\n.\r\n");
        my $reply = hear_reply($c);
        my $next = ask($c, 'NOOP');
        is "$reply$next" =~ s/as [0-9A-F]+/as X/r, "250 2.0.0 Ok: queued as X\r\n250 2.0.0 Ok\r\n", "$name, parted at $split";
    }
}

# A client of our own that ends every line in LF is no relay that could be tricked.
{
    my $c = client('127.0.0.1');
    hear_reply($c);
    say_to($c, "EHLO x.example\n");
    hear_reply($c);
    say_to($c, "$_\n"), hear_reply($c) for 'MAIL FROM:<a@x.example>', 'RCPT TO:<bob@pris.cn>', 'DATA';
    say_to($c, "Subject: typed\n\nhi\n.\n");
    like hear_reply($c), qr/^250 2\.0\.0 Ok: queued/, 'LF only, from mynetworks';
}

# ---- sizes --------------------------------------------------------------------------------------------

{
    my $c = client('127.0.0.2');
    hear_reply($c);
    ask($c, $_) for 'EHLO x.example', 'MAIL FROM:<a@x.example>', 'RCPT TO:<bob@pris.cn>', 'DATA';
    my $line = 'x' x 78 . "\r\n";
    say_to($c, $line x 1000) for 1 .. 66;
    is ask($c, '.'), "552 5.3.4 Error: message file too big\r\n", 'too big, told at the end';
    like ask($c, 'MAIL FROM:<a@x.example>'), qr/^250 /, 'and the session goes on';
    like ask($c, 'RCPT TO:<bob@pris.cn>'), qr/^250 /;
    like ask($c, 'DATA'), qr/^354 /;
    say_to($c, "Subject: large\r\n\r\n" . $line x 60000);
    like ask($c, '.'), qr/^250 /, 'a large one that fits';
}
ok wait_for(sub { grep { slurp($_) =~ /^Subject: large\n\n(?:x{78}\n){60000}\z/m }
            glob $m->dir . '/domains/pris.cn/bob/Maildir/new/*' }), 'whole in the mailbox';

# ---- settings of one listener; reload; stop -----------------------------------------------------------------

my $other = $port + 1;
sub rewrite {
    my ($path, $change) = @_;
    local $_ = slurp($path);
    $change->();
    open my $file, '>', $path or die "$path: $!\n";
    print {$file} $_;
    close $file;
}

sub stop_smtpd {
    my $pid = $m->pid('smtpd');
    kill 'TERM', $pid;
    return wait_for(sub { !kill 0, $pid });
}

# Runs the program again, with the files as they are now.
sub start_smtpd {
    run_command([$m->program('smtpd'), '-c', $m->etc]);
    wait_for(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $other) }) or die "smtpd did not start\n";
}

ok stop_smtpd(), 'stops with nothing under way';
rewrite($m->etc . '/master.cf',
    sub { $_ .= "127.0.0.1:$other inet n - n - - smtpd -o smtpd_timeout=1s -o disable_vrfy_command=yes\n" });
start_smtpd();

{
    my $quick = client('127.0.0.2', $other);
    my $slow = client('127.0.0.2', $other);
    hear_reply($_) for $quick, $slow;
    unlike ask($quick, 'EHLO x.example'), qr/VRFY/, 'the -o options of a listener are its own';
    say_to($slow, 'NO');    # never a whole line
    is hear($quick), "421 4.4.2 mail.pris.cn Error: timeout exceeded\r\n", 'a silent client';
    is hear($quick), '', 'is sent away';
    is hear($slow), "421 4.4.2 mail.pris.cn Error: timeout exceeded\r\n", 'and one that does not end its line';
    ok $m->wait_log(qr/timeout after EHLO from unknown\[127\.0\.0\.2\]$/), 'logged';
    my $data = client('127.0.0.2', $other);
    hear_reply($data);
    ask($data, $_) for 'EHLO x.example', 'MAIL FROM:<a@x.example>', 'RCPT TO:<bob@pris.cn>', 'DATA';
    say_to($data, "half a message\r\n");
    is hear($data), "421 4.4.2 mail.pris.cn Error: timeout exceeded\r\n", 'within DATA';
    ok $m->wait_log(qr/timeout after DATA \(\d+ bytes\) from unknown\[127\.0\.0\.2\]$/), 'logged with the bytes';
}

{
    my $old = client('127.0.0.2');
    like hear_reply($old), qr/^220 mail\.pris\.cn, ESMTP/, 'before the reload';
    rewrite($m->etc . '/main.cf', sub { $_ .= "smtpd_banner = changed\n" });
    kill 'HUP', $m->pid('smtpd');
    ok wait_for(sub { hear_reply(client('127.0.0.2')) eq "220 changed\r\n" }), 'new sessions have the new settings';
    like ask($old, 'EHLO x.example'), qr/^250-VRFY\r$/m, 'old ones go on';
}

{
    my ($idle, $busy) = map { client('127.0.0.2') } 1, 2;
    hear_reply($_) for $idle, $busy;
    ask($busy, $_) for 'EHLO x.example', 'MAIL FROM:<a@x.example>', 'RCPT TO:<bob@pris.cn>', 'DATA';
    my $pid = $m->pid('smtpd');
    kill 'TERM', $pid;
    is hear($idle), "421 4.3.2 mail.pris.cn Service shutting down\r\n", 'stop: an idle session is told';
    say_to($busy, "Subject: last\r\n\r\n.\r\n");
    like hear($busy), qr/^250 2\.0\.0 Ok: queued/, 'a message that is coming in is taken';
    is hear($busy), "421 4.3.2 mail.pris.cn Service shutting down\r\n", 'then that session ends, too';
    ok wait_for(sub { !kill 0, $pid }), 'and the daemon';
}

done_testing;
