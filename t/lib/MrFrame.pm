# SPDX-License-Identifier: ISC
# The frames of common/frame.c, for tests that speak with one daemon's internal socket.
#
#   my $c = MrFrame->connect("$queue_directory/private/authd.smtpd");
#   my @fields = $c->ask(0x200, str('alice@example.com'));   # fields of the answer
package MrFrame;

use strict;
use warnings;

use Exporter 'import';
use IO::Select;
use IO::Socket::UNIX;

our @EXPORT_OK = qw(u32 str blob frame);

my $TIMEOUT = 20;

sub u32 { return 'u' . pack 'L', $_[0] }
sub str { return 's' . pack('L', length $_[0]) . $_[0] . "\0" }
sub blob { return 'b' . pack('L', length $_[0]) . $_[0] }

sub frame {
    my ($type, $id, @fields) = @_;
    my $body = join '', @fields;
    return pack('L S C C L', 12 + length $body, $type, 0, 0, $id) . $body;
}

sub connect {
    my ($class, $path) = @_;
    my $s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $path) or die "$path: $!\n";
    return bless { socket => $s, in => '', id => 1 }, $class;
}

sub send_raw {
    my ($self, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    while (length $bytes) {
        my $n = syswrite $self->{socket}, $bytes;
        defined $n or die "write: $!\n";
        substr($bytes, 0, $n) = '';
    }
}

# 1: more bytes came; 0: the other side closed.
sub fill {
    my ($self) = @_;
    IO::Select->new($self->{socket})->can_read($TIMEOUT) or die "no answer\n";
    return sysread($self->{socket}, $self->{in}, 65536, length $self->{in}) ? 1 : 0;
}

# (type, id, fields...) of the next frame; () at the end of the connection.
sub receive {
    my ($self) = @_;
    while (length $self->{in} < 4 || length $self->{in} < unpack 'L', $self->{in}) {
        $self->fill or return ();
    }
    my $frame = substr $self->{in}, 0, unpack('L', $self->{in}), '';
    my (undef, $type, undef, undef, $id) = unpack 'L S C C L', $frame;
    my @fields;
    for (my $at = 12; $at < length $frame;) {
        my $tag = substr $frame, $at++, 1;
        my $n = unpack 'L', substr $frame, $at;
        if ($tag eq 'u') { push @fields, $n; $at += 4 }
        elsif ($tag eq 's') { push @fields, substr $frame, $at + 4, $n; $at += 5 + $n }
        elsif ($tag eq 'b') { push @fields, substr $frame, $at + 4, $n; $at += 4 + $n }
        else { die "a field of the unknown kind $tag\n" }
    }
    return ($type, $id, @fields);
}

# The fields of the answer to a request; `id` in front of the type continues an earlier one.
sub ask {
    my ($self, $type, @fields) = @_;
    $self->{id}++;
    return $self->ask_id($self->{id}, $type, @fields);
}

sub ask_id {
    my ($self, $id, $type, @fields) = @_;
    $self->send_raw(frame($type, $id, @fields));
    my ($answer, $its, @got) = $self->receive;
    defined $answer or return ('closed');
    $its == $id or die "an answer to $its instead of $id\n";
    return @got;
}

1;
