# SPDX-License-Identifier: ISC
# Runs the whole suite for one test, in a directory and on ports of its own, and stops
# it when the test ends, however it ends.
#
#   my $m = MrTest->start(conf => { message_size_limit => 1000 });
#   my $smtp = $m->smtp;                              # a MrDialogue
#   is $m->send('a@example.net', 'alice@example.com', $content), ...
#   my @messages = $m->messages('alice@example.com'); # over POP3, emptied
#
# MR_BUILD: where the programs are; MR_SRC: the source tree (both set by ./check).
package MrTest;

use strict;
use warnings;

use Cwd ();
use Exporter 'import';
use File::Basename ();
use File::Path ();
use File::Temp ();
use IO::Socket::INET;
use Test::More ();
use Time::HiRes qw(sleep time);

use MrDialogue;

our @EXPORT_OK = qw(wait_for slurp alive build_dir source_dir have_command run_command);

my $SOURCE = $ENV{MR_SRC} || Cwd::abs_path(File::Basename::dirname(__FILE__) . '/../..');
my $BUILD = $ENV{MR_BUILD} || "$SOURCE/build";
my @SERVICES = qw(authd localdeliver queue smtpd pop3d);
my @running;    # instances of this process, stopped at its end
my $owner = $$;

$SIG{$_} = sub { exit 1 } for qw(TERM INT HUP);    # so that END runs

END {
    if ($$ == $owner) {
        my $status = $?;
        for my $instance (@running) {
            $instance->stop or $status ||= 1;
        }
        $? = $status;
    }
}

sub build_dir { return $BUILD }
sub source_dir { return $SOURCE }

# ---- helpers ------------------------------------------------------------------------------

# True as soon as $condition->() is; false after $seconds.
sub wait_for {
    my ($condition, $seconds) = @_;
    my $until = time + ($seconds || 20);
    while (1) {
        my $result = $condition->();
        return $result if $result;
        return if time > $until;
        sleep 0.05;
    }
}

sub slurp {
    my ($path) = @_;
    open my $file, '<:raw', $path or return undef;
    local $/;
    return scalar <$file>;
}

# A process that exists and is no zombie (whoever adopted it may take its time).
sub alive {
    my ($pid) = @_;
    return (slurp("/proc/$pid/stat") || '') =~ /\) (?!Z)\S /;
}

sub have_command {
    my ($name) = @_;
    return scalar grep { -x "$_/$name" } split(/:/, $ENV{PATH}), '/usr/sbin', '/sbin';
}

# (exit status, output of both kinds) of a command given as a list. `input`: its standard input.
# Files, not pipes: this waits for the command alone, whatever it leaves running.
sub run_command {
    my ($command, %opt) = @_;
    my ($in, $out) = (File::Temp->new, File::Temp->new);
    print {$in} $opt{input} if defined $opt{input};
    seek $in, 0, 0;
    my $pid = fork;
    defined $pid or die "fork: $!\n";
    if (!$pid) {
        open STDIN, '<&', $in;
        open STDOUT, '>&', $out;
        open STDERR, '>&', $out;
        $ENV{PATH} .= ':/usr/sbin:/sbin';
        { exec { $command->[0] } @$command };
        print "cannot run $command->[0]: $!\n";
        require POSIX;
        POSIX::_exit(127);
    }
    waitpid $pid, 0;
    my $status = $?;
    return ($status >> 8 || $status, slurp("$out"));
}

# A base B of which ports B+25 and B+110 are free on the loopback address.
sub free_base {
    for (1 .. 200) {
        my $base = 11000 + int rand 20000;
        my @sockets = grep { $_ } map {
            IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $base + $_, Listen => 1, ReuseAddr => 1)
        } 25, 110;
        return $base if @sockets == 2;
    }
    die "no free ports\n";
}

# ---- an instance ----------------------------------------------------------------------------

# conf => { name => value } goes to the end of main.cf. Dies with ./start's output when it fails.
sub start {
    my ($class, %opt) = @_;
    -x "$BUILD/smtpd/smtpd" or Test::More::plan(skip_all => "no programs in $BUILD (run ./check)");
    my $self = bless { dir => $opt{dir} || File::Temp::tempdir('/tmp/mrt-XXXXXX'), base => free_base(), conf => $opt{conf} || {} }, $class;
    chmod 0755, $self->{dir};
    push @running, $self;
    my ($status, $output) = $self->start_command;
    $status == 0 or die "./start failed:\n$output" . ($self->log_text || '');
    return $self;
}

# Runs ./start --detach in the instance; (exit status, output).
sub start_command {
    my ($self, @more) = @_;
    local $ENV{MR_BUILD} = $BUILD;
    my @conf = map { ('-o', "$_=$self->{conf}{$_}") } sort keys %{ $self->{conf} };
    return run_command(["$SOURCE/start", '-d', $self->{dir}, '-p', $self->{base}, @conf, '--detach', @more]);
}

sub dir { return $_[0]{dir} }
sub etc { return "$_[0]{dir}/etc" }
sub base { return $_[0]{base} }
sub smtp_port { return $_[0]{base} + 25 }
sub pop3_port { return $_[0]{base} + 110 }
sub program { my ($self, $name) = @_; return "$BUILD/" . ($name =~ /^(?:mailadm|authtest)$/ ? "authd" : $name eq "postconf" ? "tools" : $name) . "/$name" }

# Stops the daemons and removes the directory (MR_KEEP in the environment keeps it). False, which
# fails the test file when it comes to its end, when a daemon has had an accident.
sub stop {
    my ($self) = @_;
    run_command(["$SOURCE/start", '-d', $self->{dir}, '--stop']);
    my @accidents = $self->accidents;
    Test::More::diag("in mail.log: $_") for @accidents;
    File::Path::remove_tree($self->{dir}) unless $ENV{MR_KEEP};
    return !@accidents;
}

# ---- accounts ---------------------------------------------------------------------------------

sub password {
    my ($self, $address) = @_;
    return $1 if (slurp("$self->{dir}/credentials") || '') =~ /^\Q$address\E (\S+)$/m;
    die "no password of $address\n";
}

# An account with password "secret"; quota like "104857600S" (the default).
sub add_mailbox {
    my ($self, $address, %opt) = @_;
    my ($uid, $gid) = $> == 0 ? (getpwnam 'vuser')[2, 3] : ($>, (split ' ', $))[0]);
    my ($status, $output) = run_command(
        [   $self->program('mailadm'), '-c', $self->etc, 'mailbox', 'add', $address, '--password-stdin',
            '--quota', $opt{quota} || '104857600S', '--uid', $uid, '--gid', $gid
        ],
        input => "secret\n"
    );
    $status == 0 or die "mailadm: $output";
    open my $credentials, '>>', "$self->{dir}/credentials" or die "credentials: $!\n";
    print {$credentials} "$address secret\n";
    close $credentials;
}

# ---- conversations ----------------------------------------------------------------------------

# The greeting has been read, and EHLO said unless ehlo => 0.
sub smtp {
    my ($self, %opt) = @_;
    my $smtp = MrDialogue->smtp($self->smtp_port, %opt);
    $smtp->{ehlo} = $smtp->ok('EHLO client.example.net') unless defined $opt{ehlo} && !$opt{ehlo};
    return $smtp;
}

sub pop3 {
    my ($self, %opt) = @_;
    return MrDialogue->pop3($self->pop3_port, %opt);
}

sub pop3_login {
    my ($self, $address, %opt) = @_;
    my $pop3 = $self->pop3(%opt);
    $pop3->login($address, $self->password($address));
    return $pop3;
}

# One message in a session of its own; the reply to its end of data.
sub send {
    my ($self, $from, $to, $content) = @_;
    my $smtp = $self->smtp;
    my $reply = $smtp->deliver($from, $to, $content);
    $smtp->quit;
    return $reply;
}

# All messages of the mailbox, with CRLF line ends. They are deleted.
sub messages {
    my ($self, $address) = @_;
    my $pop3 = $self->pop3_login($address);
    $pop3->ok('LIST');
    my @numbers = $pop3->multiline =~ /^(\d+) /mg;
    my @messages = map { $pop3->retrieve($_) } @numbers;
    $pop3->ok("DELE $_") for @numbers;
    $pop3->quit;
    return @messages;
}

# The same, as soon as there are $n of them.
sub wait_messages {
    my ($self, $address, $n, $seconds) = @_;
    my @messages;
    wait_for(sub { push @messages, $self->messages($address); @messages >= $n }, $seconds);
    return @messages;
}

# What the sender gave, from a message as it was delivered: without the trace headers in front.
sub original {
    my ($message) = @_;
    1 while $message =~ s/\A(?:Return-Path|X-Original-To|Delivered-To|Received):[^\n]*\n(?:[ \t][^\n]*\n)*//i;
    return $message;
}

# ---- the log and the processes ------------------------------------------------------------------

sub log_text { return slurp("$_[0]{dir}/log/mail.log") || '' }

sub log_lines {
    my ($self, $pattern) = @_;
    return grep { $_ =~ $pattern } split /\n/, $self->log_text;
}

sub wait_log {
    my ($self, $pattern, $seconds) = @_;
    return wait_for(sub { ($self->log_lines($pattern))[0] }, $seconds);
}

# Lines that no run may have, unless the test says that it provokes them: $m->{expected} = qr/.../.
sub accidents {
    my ($self) = @_;
    return grep { !$self->{expected} || $_ !~ $self->{expected} }
        $self->log_lines(qr/panic|died|killed by|signal \d|Sanitizer|runtime error:/);
}

sub pid {
    my ($self, $service) = @_;
    return (slurp("$self->{dir}/spool/pid/$service.pid") || '') =~ /(\d+)/ ? $1 : undef;
}

# pid => name of the program, for all processes of the instance.
sub processes {
    my ($self) = @_;
    my (%parent, %found);
    for my $stat (glob '/proc/[0-9]*/stat') {
        $parent{$1} = $2 if (slurp($stat) || '') =~ /\A(\d+) \(.*\) (?!Z)\S (\d+)/s;
    }
    for my $service (@SERVICES) {
        my $root = $self->pid($service) or next;
        next unless $parent{$root} && (slurp("/proc/$root/comm") || '') eq "$service\n";
        $found{$root} = $service;
        my $grew = 1;
        while ($grew) {
            $grew = 0;
            for my $pid (grep { !$found{$_} && $found{ $parent{$_} } } keys %parent) {
                $found{$pid} = $service;
                $grew = 1;
            }
        }
    }
    return %found;
}

1;
