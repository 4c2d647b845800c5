# SPDX-License-Identifier: ISC
"""The frames of common/frame.c, and peers that speak them: for tests of one daemon alone."""
import array
import os
import select
import socket
import struct

HEADER = struct.Struct('=IHBBI')

# common/proto.h
AUTHD_EXPAND, QUEUE_OPEN, QUEUE_SPILL, QUEUE_COMMIT, QUEUE_ABORT, LOCAL_DELIVER = \
    0x202, 0x300, 0x302, 0x304, 0x306, 0x400
LOOKUP_OK, LOOKUP_NONE, LOOKUP_TEMP = 1, 2, 3
COMMIT_OK, COMMIT_TEMP = 1, 2
SENT, DEFERRED, BOUNCED = 1, 2, 3


def u32(v):
    return b'u' + struct.pack('=I', v)


def u64(v):
    return b'U' + struct.pack('=Q', v)


def text(s):
    b = s.encode() if isinstance(s, str) else s
    return b's' + struct.pack('=I', len(b)) + b + b'\0'


class Frame:
    """A received frame; its fields are taken in order."""

    def __init__(self, kind, number, body, fds):
        self.kind, self.id, self.body, self.fds, self.at = kind, number, body, fds, 0

    def take(self, tag, n):
        assert self.body[self.at:self.at + 1] == tag, 'field of another type'
        self.at += 1 + n
        return self.body[self.at - n:self.at]

    def u32(self):
        return struct.unpack('=I', self.take(b'u', 4))[0]

    def u64(self):
        return struct.unpack('=Q', self.take(b'U', 8))[0]

    def text(self):
        n = struct.unpack('=I', self.take(b's', 4))[0]
        self.at += n + 1
        return self.body[self.at - n - 1:self.at - 1].decode()

    def end(self):
        assert self.at == len(self.body), 'something is left over'


class Channel:
    """One connection that carries frames."""

    def __init__(self, sock):
        self.sock, self.data, self.fds = sock, b'', []

    @classmethod
    def connect(cls, path):
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        return cls(s)

    def send(self, kind, number, *fields, fds=()):
        body = b''.join(fields)
        head = HEADER.pack(HEADER.size + len(body), kind, len(fds), 0, number)
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))] if fds else []
        self.sock.sendmsg([head + body], control)

    def parse(self):
        if len(self.data) < HEADER.size:
            return None
        length, kind, nfds, _, number = HEADER.unpack(self.data[:HEADER.size])
        if len(self.data) < length:
            return None
        frame = Frame(kind, number, self.data[HEADER.size:length], self.fds[:nfds])
        self.data, self.fds = self.data[length:], self.fds[nfds:]
        return frame

    def receive(self, timeout=10):
        """The next frame; None after `timeout` seconds; EOFError when the peer has closed."""
        while True:
            frame = self.parse()
            if frame:
                return frame
            if not select.select([self.sock], [], [], timeout)[0]:
                return None
            data, control, _, _ = self.sock.recvmsg(65536, socket.CMSG_SPACE(64))
            for level, kind, value in control:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    fds = array.array('i')
                    fds.frombytes(value[:len(value) - len(value) % fds.itemsize])
                    self.fds += fds
            if not data:
                raise EOFError
            self.data += data

    def close(self):
        self.sock.close()


class Server:
    """Takes the place of a daemon at an internal socket."""

    def __init__(self, path):
        if os.path.exists(path):
            os.unlink(path)
        self.path = path
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.bind(path)
        self.sock.listen(8)
        self.channel = None

    def receive(self, timeout=10):
        """The next frame on the present connection, or on a new one."""
        while True:
            waiting = [self.sock] + ([self.channel.sock] if self.channel else [])
            if self.channel:
                frame = self.channel.parse()
                if frame:
                    return frame
            ready = select.select(waiting, [], [], timeout)[0]
            if not ready:
                return None
            if self.sock in ready:
                self.channel = Channel(self.sock.accept()[0])
                continue
            try:
                return self.channel.receive(timeout)
            except EOFError:
                self.channel.close()
                self.channel = None

    def send(self, kind, number, *fields):
        self.channel.send(kind, number, *fields)

    def close(self):
        if self.channel:
            self.channel.close()
        self.channel = None
        self.sock.close()
        if os.path.exists(self.path):
            os.unlink(self.path)
