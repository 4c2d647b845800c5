#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Programs that people use deliver a corpus of awkward messages and read it back, and every byte
# arrives: each sender against our own reader, our own sender against each reader.
use strict;
use warnings;

use File::Glob 'bsd_glob';
use File::Temp ();
use Net::POP3;
use Net::SMTP;
use Test::More;

use MrTest qw(slurp run_command have_command source_dir);

my $ALICE = 'alice@example.com';
my $SENDER = 'sender@example.net';

my $m = MrTest->start(conf => { pop3d_max_per_ip => 20 });

# name => body, with LF line ends; every message gets complete headers, so that none is added.
my %bodies = (
    'plain' => "One line.\n",
    'empty' => '',
    'no final newline' => 'The end',
    'dots' => ".\n..\n...\n.leading\nend.\n.\n",
    'only a dot' => ".\n",
    'blank lines' => "\n\n\nx\n\n\n",
    'white space at line ends' => "a \nb\t\n \n\t\n",
    '8-bit' => join('', map { chr } 128 .. 255) . "\n",
    'control characters' => join('', map { chr } 1 .. 9, 11, 12, 14 .. 31, 127) . "\n",
    'UTF-8' => "\xe4\xb8\xad\xe6\x96\x87\xe9\x82\xae\xe4\xbb\xb6\n",
    'From at the line start' => "From me\n>From you\n",
    'what looks like SMTP' => "MAIL FROM:<x>\nQUIT\nRSET\n",
    'line of 998' => 'a' x 998 . "\n",
    'line of 1000' => 'b' x 1000 . "\n",
    'line of 2048' => 'c' x 2048 . "\n",
    'line of 2049' => 'd' x 2049 . "\n",
    'line of 65536' => 'e' x 65536 . "\n",
    'dot behind a long line' => 'f' x 4096 . "\n.\n.g\n",
    'many lines' => join('', map { "line $_\n" } 1 .. 20000),
    'a megabyte in one line' => 'g' x 1048576 . "\n",
);

# A name without blanks, for file names and ids.
sub slug { my ($name) = @_; $name =~ tr/ /-/; return $name }

# The whole message of that name, LF line ends.
sub message {
    my ($name) = @_;
    return "From: <$SENDER>\nTo: <$ALICE>\nDate: Sun, 22 Nov 2026 06:20:01 +0000\n"
        . 'Message-Id: <' . slug($name) . "\@corpus>\nSubject: $name\n\n$bodies{$name}";
}

sub crlf { my ($text) = @_; $text =~ s/\r?\n/\r\n/g; return $text }
sub lf { my ($text) = @_; $text =~ s/\r\n/\n/g; return $text }
sub with_final_newline { my ($text) = @_; return $text =~ /\n\z/ ? $text : "$text\n" }

# Every message of the corpus is among @got (LF line ends) once, byte for byte; and nothing else is.
sub corpus_is {
    my (@got) = @_;
    my %by_subject = map { /^Subject: (.*)$/m ? ($1 => MrTest::original($_)) : () } @got;
    is scalar(@got), scalar(keys %bodies), 'number of messages';
    for my $name (sort keys %bodies) {
        my $got = $by_subject{$name};
        my $expected = with_final_newline(message($name));
        ok defined $got && $got eq $expected, $name or diag difference($got, $expected);
    }
}

sub difference {
    my ($got, $expected) = @_;
    return 'it is missing' unless defined $got;
    my $at = 0;
    $at++ while $at < length $got && $at < length $expected && substr($got, $at, 1) eq substr($expected, $at, 1);
    return sprintf 'length %d, expected %d; first difference at byte %d: %s, expected %s',
        length $got, length $expected, $at, explain(substr $got, $at, 20), explain(substr $expected, $at, 20);
}

# The corpus as files, for programs; their names.
my $files = File::Temp->newdir;

sub corpus_files {
    my @names;
    for my $name (sort keys %bodies) {
        my $path = "$files/" . slug($name);
        open my $file, '>:raw', $path or die "$path: $!";
        print {$file} crlf(message($name));
        close $file or die "$path: $!";
        push @names, $path;
    }
    return @names;
}

# Our own reader and sender.
sub received { return map { lf($_) } $m->wait_messages($ALICE, scalar(keys %bodies)) }

sub send_corpus {
    my $smtp = $m->smtp;
    for my $name (sort keys %bodies) {
        my $reply = $smtp->deliver($SENDER, $ALICE, crlf(message($name)));
        $reply =~ /^250 / or die "$name: $reply";
    }
    $smtp->quit;
}

$m->messages($ALICE);    # the first message of ./start

# ---- senders ------------------------------------------------------------------------------

subtest 'our own sender and reader' => sub {
    send_corpus();
    corpus_is(received());
};

subtest 'Net::SMTP' => sub {
    my $smtp = Net::SMTP->new('127.0.0.1', Port => $m->smtp_port, Hello => 'client.example.net', Timeout => 30) or die "connect: $@";
    for my $name (sort keys %bodies) {
        ok $smtp->mail($SENDER) && $smtp->to($ALICE) && $smtp->data && $smtp->datasend(message($name)) && $smtp->dataend, "sent: $name"
            or diag $smtp->message;
    }
    $smtp->quit;
    corpus_is(received());
};

subtest 'Python smtplib' => sub {
    plan skip_all => 'no python3' unless have_command('python3');
    my ($status, $output) = run_command(['python3', source_dir() . '/t/clients/send.py', $m->smtp_port, $SENDER, $ALICE, corpus_files()]);
    is $status, 0, 'sent' or diag $output;
    corpus_is(received());
};

subtest 'swaks' => sub {
    plan skip_all => 'no swaks' unless have_command('swaks');
    my ($status, $output) = run_command(
        [   'swaks', '--server', '127.0.0.1', '--port', $m->smtp_port, '--from', $ALICE, '--to', $ALICE, '--auth', 'LOGIN',
            '--auth-user', $ALICE, '--auth-password', $m->password($ALICE), '--body', "By swaks.\n.dot"
        ]
    );
    is $status, 0, 'sent with AUTH LOGIN' or diag $output;
    like $output, qr/235 2\.7\.0 Authentication successful/, 'logged in';
    my ($message) = $m->wait_messages($ALICE, 1);
    like $message, qr/\r\n\r\nBy swaks\.\r\n\.dot\r\n/, 'and arrived';
};

subtest 'smtp-source' => sub {
    plan skip_all => 'no smtp-source (package postfix)' unless have_command('smtp-source');
    my ($status, $output) =
        run_command(['smtp-source', '-s', 5, '-m', 50, '-l', 2000, '-f', $SENDER, '-t', $ALICE, '127.0.0.1:' . $m->smtp_port]);
    is $status, 0, '50 messages in 5 sessions' or diag $output;
    is scalar(my @messages = $m->wait_messages($ALICE, 50)), 50, 'arrived';
};

# ---- readers --------------------------------------------------------------------------------

subtest 'Net::POP3' => sub {
    send_corpus();
    my $pop3 = Net::POP3->new('127.0.0.1', Port => $m->pop3_port, Timeout => 30) or die "connect: $@";
    is $pop3->login($ALICE, $m->password($ALICE)), scalar(keys %bodies), 'logged in; number of messages';
    my @got = map { lf(join '', @{ $pop3->get($_) }) } sort { $a <=> $b } keys %{ $pop3->list };
    $pop3->delete($_) for 1 .. @got;
    ok $pop3->quit, 'deleted';
    corpus_is(@got);
};

subtest 'Python poplib' => sub {
    plan skip_all => 'no python3' unless have_command('python3');
    send_corpus();
    my $dir = File::Temp->newdir;
    my ($status, $output) = run_command(['python3', source_dir() . '/t/clients/fetch.py', $m->pop3_port, $ALICE, $m->password($ALICE), "$dir"]);
    is $status, 0, 'fetched' or diag $output;
    corpus_is(map { slurp($_) } bsd_glob("$dir/*"));
};

subtest 'mpop' => sub {
    plan skip_all => 'no mpop' unless have_command('mpop');
    send_corpus();
    my $dir = File::Temp->newdir;
    mkdir "$dir/$_" for 'Maildir', map { "Maildir/$_" } qw(tmp new cur);
    open my $rc, '>', "$dir/mpoprc" or die $!;
    printf {$rc} "account default\nhost 127.0.0.1\nport %d\nuser %s\npassword %s\nauth user\ntls off\nkeep off\n"
        . "received_header off\nuidls_file %s/uidls\ndelivery maildir %s/Maildir\n", $m->pop3_port, $ALICE, $m->password($ALICE), $dir, $dir;
    close $rc;
    chmod 0600, "$dir/mpoprc";
    my ($status, $output) = run_command(['mpop', '-C', "$dir/mpoprc", '-Q']);
    is $status, 0, 'fetched' or diag $output;
    corpus_is(map { lf(slurp($_)) } bsd_glob("$dir/Maildir/new/*"));
    is scalar(my @left = $m->messages($ALICE)), 0, 'and deleted';
};

done_testing;
