# SPDX-License-Identifier: ISC
# One SMTP or POP3 conversation over a plain socket, line by line, never longer than its timeout.
# Dies with what was said where the other side is silent or closes.
#
#   my $smtp = MrDialogue->smtp($port);              # greeting read
#   $smtp->ok('MAIL FROM:<a@example.com>');          # dies unless the reply is 2xx or 3xx
#   my $reply = $smtp->command('RCPT TO:<nobody>');  # "550 5.1.1 ..." ; lines joined with "\n"
package MrDialogue;

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use MIME::Base64 ();

my $TIMEOUT = 60;    # seconds, unless `timeout` is given: a machine that is busy is no failure

sub connect_to {
    my ($class, $port, %opt) = @_;
    my $socket = IO::Socket::INET->new(
        PeerAddr => $opt{host} || '127.0.0.1',
        PeerPort => $port,
        ($opt{from} ? (LocalAddr => $opt{from}) : ()),
        Timeout => $opt{timeout} || $TIMEOUT,
    ) or die "cannot connect to port $port: $@\n";
    $socket->autoflush(1);
    binmode $socket;
    return bless { socket => $socket, in => '', timeout => $opt{timeout} || $TIMEOUT, %opt }, $class;
}

sub smtp {
    my ($class, $port, %opt) = @_;
    my $self = $class->connect_to($port, %opt, protocol => 'smtp');
    $self->{greeting} = $self->reply;
    return $self;
}

sub pop3 {
    my ($class, $port, %opt) = @_;
    my $self = $class->connect_to($port, %opt, protocol => 'pop3');
    $self->{greeting} = $self->reply;
    return $self;
}

# Sends bytes as they are.
sub send_raw {
    my ($self, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    while (length $bytes) {
        my $n = syswrite $self->{socket}, $bytes;
        defined $n or die "the connection was lost while writing: $!\n";
        substr($bytes, 0, $n) = '';
    }
}

# More bytes into $self->{in}: 1; at the end of the connection 0. Dies after the timeout.
sub fill {
    my ($self) = @_;
    IO::Select->new($self->{socket})->can_read($self->{timeout})
        or die "no answer for $self->{timeout} seconds\n";
    return sysread($self->{socket}, $self->{in}, 65536, length $self->{in}) ? 1 : 0;
}

# The next line without its CRLF; undef at the end of the connection.
sub line {
    my ($self) = @_;
    while ($self->{in} !~ /\n/) {
        $self->fill or return undef;
    }
    $self->{in} =~ s/\A(.*?)\r?\n//s;
    return $1;
}

# A whole reply: the lines of an SMTP reply joined with "\n", or one POP3 status line.
sub reply {
    my ($self) = @_;
    my @lines;
    while (1) {
        my $line = $self->line;
        defined $line or die "the connection was closed" . (@lines ? " after \"@lines\"" : '') . "\n";
        push @lines, $line;
        last if $self->{protocol} eq 'pop3' || $line !~ /^\d\d\d-/;
    }
    return join "\n", @lines;
}

sub command {
    my ($self, $line) = @_;
    $self->send_raw("$line\r\n");
    return $self->reply;
}

# A command that must succeed.
sub ok {
    my ($self, $line) = @_;
    my $reply = $self->command($line);
    $reply =~ /^(?:[23]\d\d|\+)/ or die "\"$line\" was answered \"$reply\"\n";
    return $reply;
}

# The lines of a POP3 multi-line answer, unstuffed, each with its CRLF, as one string.
sub multiline {
    my ($self) = @_;
    while ($self->{in} !~ /(?:\A|\r\n)\.\r\n/) {
        $self->fill or die "the connection was closed inside an answer\n";
    }
    $self->{in} =~ s/\A(|.*?\r\n)\.\r\n//s;
    my $text = $1;
    $text =~ s/(\A|\r\n)\./$1/g;
    return $text;
}

# True when the other side has closed (within the timeout).
sub closed {
    my ($self) = @_;
    while ($self->fill) { }
    return 1;
}

# Content with CRLF line ends, dot-stuffed and ended as DATA needs it.
sub dot_stuffed {
    my ($content) = @_;
    $content =~ s/^\./../mg;
    $content .= "\r\n" unless $content =~ /\r\n\z/ || $content eq '';
    return "$content.\r\n";
}

# One whole transaction; returns the reply to the end of the data.
sub deliver {
    my ($self, $from, $to, $content) = @_;
    $self->ok("MAIL FROM:<$from>");
    $self->ok("RCPT TO:<$_>") for ref $to ? @$to : $to;
    $self->ok('DATA');
    $self->send_raw(dot_stuffed($content));
    return $self->reply;
}

sub auth_plain {
    my ($self, $user, $password) = @_;
    return $self->command('AUTH PLAIN ' . MIME::Base64::encode_base64("\0$user\0$password", ''));
}

# USER and PASS, both accepted.
sub login {
    my ($self, $user, $password) = @_;
    $self->ok("USER $user");
    return $self->ok("PASS $password");
}

# Message $number over POP3, with CRLF line ends.
sub retrieve {
    my ($self, $number) = @_;
    $self->ok("RETR $number");
    return $self->multiline;
}

sub quit {
    my ($self) = @_;
    my $reply = $self->command('QUIT');
    close $self->{socket};
    return $reply;
}

1;
