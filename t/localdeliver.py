# SPDX-License-Identifier: ISC
"""localdeliver with a queue and an authd played by this script. Prints TAP. Argument: the program."""
import glob
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lib'))
from mrframe import (BOUNCED, DEFERRED, LOCAL_DELIVER, LOOKUP_NONE, LOOKUP_OK, LOOKUP_TEMP, SENT, Channel,
                     Server, text, u32, u64)

AUTHD_MAILBOX, AUTHD_MAILBOX_R, LOCAL_RESULT, UNSURE = 0x204, 0x205, 0x401, 4
ROOT = os.geteuid() == 0
UID, GID = (pwd.getpwnam('nobody').pw_uid, pwd.getpwnam('nobody').pw_gid) if ROOT else (os.getuid(), os.getgid())
PROGRAM = sys.argv[1]
HOST = os.uname().nodename.replace('/', '\\057').replace(':', '\\072')

count = 0


def ok(good, name, *why):
    global count
    count += 1
    print('%sok %d - %s' % ('' if good else 'not ', count, name))
    if not good:
        for w in why:
            print('# ' + repr(w))
    sys.stdout.flush()
    return good


def equal(got, want, name):
    return ok(got == want, name, got, want)


def skip(name, why):
    global count
    count += 1
    print('ok %d - # SKIP %s: %s' % (count, name, why))


class Authd:
    """Answers AUTHD_MAILBOX from a dictionary, in a thread of its own."""

    def __init__(self, path):
        self.rows, self.questions, self.silent = {}, [], False
        self.server = Server(path)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            f = self.server.receive(3600)
            names = [f.text() for _ in range(f.u32())]
            f.end()
            self.questions.append(names)
            if self.silent:
                self.server.channel.close()
                self.server.channel = None
                continue
            out = [u32(len(names))]
            for name in names:
                status, home, maildir, quota = self.rows.get(name.lower(), (LOOKUP_NONE, '', '', ''))
                uid = 0 if quota == 'root' else UID
                out += [u32(status), u32(uid), u32(GID), text(home), text(maildir), text(quota)]
            self.server.send(AUTHD_MAILBOX_R, f.id, *out)


class Suite:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix='mrl-', dir='/tmp')
        os.chmod(self.dir, 0o755)
        os.makedirs(self.dir + '/spool/private', 0o700)
        os.chmod(self.dir + '/spool', 0o755)
        os.mkdir(self.dir + '/home', 0o755)
        self.warning = self.dir + '/quotawarnmsg'
        self.private = self.dir + '/spool/private/'
        self.authd = Authd(self.private + 'authd.localdeliver')
        self.number = 0
        self.seconds = int(time.time()) - 100
        with open(self.dir + '/main.cf', 'w') as f:
            f.write('queue_directory = %s/spool\nmaillog_file = %s/log\nmyhostname = mail.example.com\n'
                    'localdeliver_user = nobody\nvirtual_minimum_uid = 100\nquota_warning_file = %s\n'
                    % (self.dir, self.dir, self.warning))
        self.start()

    def start(self):
        self.process = subprocess.Popen([PROGRAM, '-c', self.dir, '-f'])
        for _ in range(200):
            if os.path.exists(self.private + 'localdeliver.queue'):
                break
            time.sleep(0.05)
        self.queue = Channel.connect(self.private + 'localdeliver.queue')

    def stop(self):
        self.queue.close()
        self.process.terminate()
        return self.process.wait(20)

    def end(self):
        self.stop()
        shutil.rmtree(self.dir)

    def home(self, name, maildir=True, mode=0o700):
        """A mailbox name@x.test with its home; returns the Maildir's path."""
        home = '%s/home/%s' % (self.dir, name)
        os.mkdir(home)
        os.chmod(home, mode)
        path = home + '/Maildir'
        made = [home] + ([path] + [path + '/' + s for s in ('new', 'cur', 'tmp')] if maildir else [])
        for d in made[1:]:
            os.mkdir(d, 0o700)
        if ROOT:
            for d in made:
                os.chown(d, UID, GID)
        self.account(name, home, path + '/')
        return path

    def account(self, name, home, maildir, quota='', status=LOOKUP_OK):
        self.authd.rows[name + '@x.test'] = (status, home, maildir, quota)

    def qid(self):
        self.number += 1
        return '%05X%08X' % (self.number, self.seconds)

    def send(self, rcpts, content, sender='a@b.test', qid=None, again=0, size=None, sparse=False, number=None):
        """Sends a job; returns its number. The message may be longer than its content: zeros follow."""
        self.number += 1
        number = number or self.number
        with tempfile.TemporaryFile() as f:
            f.write(content)
            f.truncate(max(len(content), size if sparse else 0))
            f.flush()
            fields = [text(qid or self.qid()), text(sender), u64(len(content) if size is None else size),
                      u32(again), u32(len(rcpts))]
            for i, r in enumerate(rcpts):
                fields += [u32(i), text(r), text('')]
            self.queue.send(LOCAL_DELIVER, number, *fields, fds=[f.fileno()])
        return number

    def results(self, wanted):
        """wanted: {number: recipients}. {number: {index: (outcome, dsn, text, diagnostic)}}."""
        got = {n: {} for n in wanted}
        while any(len(got[n]) < wanted[n] for n in wanted):
            f = self.queue.receive(20)
            assert f is not None and f.kind == LOCAL_RESULT, 'no result'
            for _ in range(f.u32()):
                index, outcome = f.u32(), f.u32()
                assert index not in got[f.id], 'answered twice'
                got[f.id][index] = (outcome, f.text(), f.text(), f.text())
            f.end()
        return got

    def deliver(self, rcpts, content, **opt):
        """Results in the order of the recipients."""
        n = self.send(rcpts, content, **opt)
        got = self.results({n: len(rcpts)})[n]
        return [got[i] for i in range(len(rcpts))]

    def children(self, kind):
        """Processes of localdeliver with that -W."""
        found = []
        for path in glob.glob('/proc/[0-9]*/cmdline'):
            try:
                with open(path, 'rb') as f:
                    args = f.read().split(b'\0')
                with open(path.replace('cmdline', 'stat')) as f:
                    parent = int(f.read().rsplit(')', 1)[1].split()[1])
            except (OSError, ValueError):
                continue
            if parent == self.process.pid and args[1:3] == [b'-W', kind.encode()]:
                found.append(int(path.split('/')[2]))
        return found


def wait_until(condition, seconds=10):
    until = time.time() + seconds
    while time.time() < until:
        if condition():
            return True
        time.sleep(0.001)
    return False


def files(maildir, sub='new'):
    return sorted(os.listdir(maildir + '/' + sub))


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def write(path, data):
    with open(path, 'wb') as f:
        f.write(data)


SENT_RESULT = (SENT, '2.0.0', 'delivered via maildrop service', '')


def deferred(output, dsn='4.3.0'):
    return (DEFERRED, dsn, 'temporary failure. Command output: %s ' % output, 'x-unix; ' + output)


# ---- cases -------------------------------------------------------------------------------------

def content_is_kept(s):
    m = s.home('bob')
    head = b'Return-Path: <a@b.test>\nDelivered-To: bob@x.test\n'
    bodies = {
        'ordinary': b'Subject: x\n\nhello\n',
        'NUL, 8-bit, CR': b'Subject: x\n\n\0\xff\xfe\r\n\r.\n..\n\n\n',
        'no final newline': b'Subject: x\n\nend',
        'empty': b'',
        'header only': b'Subject: x\n',
        'the buffer exactly': b'S: x\n\n' + b'x' * (262144 - 6),
        'one more than the buffer': b'S: x\n\n' + b'x' * (262144 - 5),
        'long': b'S: x\n\n' + bytes(range(256)) * 12345 + b'z',
    }
    for name, body in bodies.items():
        equal(s.deliver(['Bob@X.test'], body), [SENT_RESULT], name + ': sent')
        new = files(m)
        if equal(len(new), 1, name + ': one file'):
            path = m + '/new/' + new[0]
            ok(read(path) == head + body, name + ': every byte of it')
            st = os.stat(path)
            equal((st.st_mode & 0o7777, st.st_uid), (0o600, UID), name + ': mode and owner')
            want = r'^%d\.M\d+P\d+V%016XI%016X_0\.%s,S=%d$' % (s.seconds, st.st_dev, st.st_ino, re.escape(HOST),
                                                             len(head + body))
            ok(re.match(want, new[0]), name + ': name', new[0], want)
            os.unlink(path)
    equal(files(m, 'tmp'), [], 'nothing is left in tmp')
    equal(s.deliver(['bob@x.test'], b'S: x\n\n', sender=''), [SENT_RESULT], 'null sender')
    ok(read(m + '/new/' + files(m)[0]).startswith(b'Return-Path: <MAILER-DAEMON>\nDelivered-To: bob@x.test\nS:'),
       'null sender: Return-Path')


def quota_is_kept(s):
    m = s.home('smallq')
    s.account('smallq', s.dir + '/home/smallq', m + '/', '40000S')
    over = deferred('maildrop: maildir over quota.')
    head = len('Return-Path: <a@b.test>\nDelivered-To: smallq@x.test\n')
    body = b'S: x\n\n' + b'x' * (9280 - head - 6)

    def size_file():
        return read(m + '/maildirsize').decode()

    for _ in range(4):
        equal(s.deliver(['smallq@x.test'], body), [SENT_RESULT], '9280 of 40000 bytes')
    equal(s.deliver(['smallq@x.test'], body), [over], 'the fifth is over quota')
    equal(size_file(), '40000S\n       37120            4\n', 'maildirsize was counted again')
    equal(os.stat(m + '/maildirsize').st_mode & 0o7777, 0o640, 'its mode')
    ok(not os.path.exists(m + '/quotawarn'), 'without a text there is no notice')
    write(s.warning, b'From: x\nSubject: Mail quota warning\n\nnearly full\n')
    for name in files(m):
        os.unlink(m + '/new/' + name)
    os.unlink(m + '/maildirsize')
    for i in range(4):
        equal(s.deliver(['smallq@x.test'], body), [SENT_RESULT], 'with a notice: 9280 of 40000 bytes')
        equal(os.path.exists(m + '/quotawarn'), i == 3, 'the notice comes at 90 percent')
    notices = [n for n in files(m) if '_warn.' in n]
    if equal(len(notices), 1, 'one notice'):
        notice = read(m + '/new/' + notices[0])
        ok(re.match(rb'Date: [^\n]+ [+-]\d{4}\nMessage-Id: <\d+\.overquota@[^\n]+>\nFrom: x\n', notice), 'its text',
           notice)
        ok(re.match(r'^\d+\.M\d+P\d+V[0-9A-F]{16}I[0-9A-F]{16}_warn\.%s,S=%d$' % (re.escape(HOST), len(notice)),
                    notices[0]), 'its name', notices[0])
        equal(size_file(), '40000S\n           0            0\n' + '        9280            1\n' * 4 +
              '%12d            1\n' % len(notice), 'maildirsize with the notice')
        equal([os.stat(p).st_mode & 0o7777 for p in (m + '/quotawarn', m + '/new/' + notices[0])], [0o640] * 2, 'modes')
    equal(s.deliver(['smallq@x.test'], body), [over], 'then it is over quota')
    m = s.home('countq')
    s.account('countq', s.dir + '/home/countq', m + '/', '1000000S,3C')
    got = [s.deliver(['countq@x.test'], b'S: x\n\n')[0] for _ in range(5)]
    equal(got, [SENT_RESULT] * 3 + [over] * 2, 'three messages of 3C')
    equal(read(m + '/maildirsize').decode(), '1000000S,3C\n%12d            3\n' % (3 * (len(
        'Return-Path: <a@b.test>\nDelivered-To: countq@x.test\n') + 6)), 'a notice that does not fit is not counted')
    equal(len(files(m)), 4, 'but delivered')
    m = s.home('tiny')
    s.account('tiny', s.dir + '/home/tiny', m + '/', '10000S')
    equal(s.deliver(['tiny@x.test'], b'x' * 20000), [over], 'larger than the whole quota')
    equal(s.deliver(['tiny@x.test'], b'x' * 3000), [SENT_RESULT], 'a smaller one')
    numbers = {s.send(['tiny@x.test'], b'x' * 3000): 1 for _ in range(4)}
    got = [r[0] for r in s.results(numbers).values()]
    equal(sorted(g[0] for g in got), [SENT] * 2 + [DEFERRED] * 2, 'several in one batch keep the quota, too')
    os.unlink(s.warning)


def accounts_are_checked(s):
    s.account('nohome', s.dir + '/home/none', s.dir + '/home/none/Maildir/')
    equal(s.deliver(['nohome@x.test'], b'x'),
          [deferred('/usr/bin/maildrop: Unable to change to home directory.')], 'no home')
    equal(s.deliver(['nobody@x.test'], b'x'), [(BOUNCED, '5.1.1', 'user unknown. Command output: Invalid user specified. ',
                                                'x-unix; Invalid user specified.')], 'no such user')
    s.account('down', '', '', '', LOOKUP_TEMP)
    equal(s.deliver(['down@x.test'], b'x'), [deferred('maildrop: Temporary authentication failure.')], 'table trouble')
    s.account('up', s.dir, '../Maildir')
    equal(s.deliver(['up@x.test'], b'x')[0][:2], (DEFERRED, '4.3.5'), 'a path with ..')
    m = s.home('fresh', maildir=False)
    equal(s.deliver(['fresh@x.test'], b'x'), [SENT_RESULT], 'a home without a Maildir')
    equal((len(files(m)), os.stat(m).st_mode & 0o7777), (1, 0o700), 'it is made')
    m = s.home('edited')
    equal(s.deliver(['edited@x.test'], b'x'), [SENT_RESULT], 'before')
    time.sleep(1.2)
    os.chmod(s.dir + '/home/edited', 0o1700)
    equal(s.deliver(['edited@x.test'], b'x'), [(DEFERRED, '4.3.0', 'temporary failure', '')], 'a sticky home')
    os.chmod(s.dir + '/home/edited', 0o702)
    equal(s.deliver(['edited@x.test'], b'x'),
          [deferred('maildrop: Invalid home directory permissions - world writable.')], 'a world-writable home')
    os.chmod(s.dir + '/home/edited', 0o700)
    os.rename(m, m + '.old')
    shutil.copytree(m + '.old', m)
    if ROOT:
        for d in [m] + [m + '/' + x for x in ('new', 'cur', 'tmp')]:
            os.chown(d, UID, GID)
    time.sleep(1.2)
    equal(s.deliver(['edited@x.test'], b'x'), [SENT_RESULT], 'a Maildir that was put in the place of the old one')
    equal((len(files(m)), len(files(m + '.old'))), (2, 1), 'is the one that gets the mail')
    os.chmod(m + '/tmp', 0o500)
    equal(s.deliver(['edited@x.test'], b'x'),
          [deferred('maildrop: Unable to write the message: Permission denied.', '4.2.0')], 'a mailbox that is read-only')
    os.chmod(m + '/tmp', 0o700)
    if not ROOT:
        skip('a mailbox of root, and a home of somebody else', 'only root can have them')
        return
    s.account('super', s.dir + '/home/bob', s.dir + '/home/bob/Maildir/', 'root')
    equal(s.deliver(['super@x.test'], b'x'), [deferred('maildrop: Cannot set my user or group id.')], 'uid 0')
    os.chown(s.dir + '/home/edited', 0, 0)
    os.chmod(s.dir + '/home/edited', 0o755)
    time.sleep(1.2)
    equal(s.deliver(['edited@x.test'], b'x'), [deferred('maildrop: Home directory owned by wrong user.')],
          'a home of somebody else')


def remains_are_removed(s):
    m = s.home('remains')
    for name, hours in (('old', 37), ('young', 35)):
        write(m + '/tmp/' + name, b'x')
        os.utime(m + '/tmp/' + name, (time.time() - hours * 3600,) * 2)
        if ROOT:
            os.chown(m + '/tmp/' + name, UID, GID)
    equal(s.deliver(['remains@x.test'], b'x'), [SENT_RESULT], 'a mailbox with remains')
    equal(files(m, 'tmp'), ['young'], 'what is older than 36 hours is removed from tmp')


def loops_end(s):
    m = s.home('loop')
    body = b'Received: x\nDELIVERED-TO:  Loop@x.TEST \nSubject: x\n\nx\n'
    equal(s.deliver(['LOOP@x.test'], body),
          [(BOUNCED, '5.4.6', 'mail forwarding loop for loop@x.test', '')], 'a Delivered-To of the same address')
    equal(files(m), [], 'is not delivered')
    equal(s.deliver(['loop@x.test'], b'Delivered-To: other@x.test\n\nDelivered-To: loop@x.test\n'), [SENT_RESULT],
          'of another address, and in the body')


def short_file(s):
    m = s.home('short')
    equal(s.deliver(['short@x.test'], b'x' * 10, size=11),
          [deferred('maildrop: Unable to read the message: Input/output error.')], 'a message shorter than announced')
    equal(s.deliver(['short@x.test'], b'x' * 300000, size=300001)[0][:2], (DEFERRED, '4.3.0'), 'a long one')
    equal((files(m), files(m, 'tmp')), ([], []), 'nothing is left')
    equal(s.deliver(['short@x.test'], b'x' * 10, size=5), [SENT_RESULT], 'what is behind the message')
    ok(read(m + '/new/' + files(m)[0]).endswith(b'short@x.test\nxxxxx'), 'is not delivered')


def many_recipients(s):
    names = ['m%d' % i for i in range(50)]
    paths = [s.home(n) for n in names]
    s.authd.questions.clear()
    got = s.deliver([n + '@x.test' for n in names] + ['nobody@x.test', 'm0@x.test'], b'S: x\n\nx' * 100)
    equal(got[:50] + got[51:], [SENT_RESULT] * 51, 'fifty recipients')
    equal(got[50][0], BOUNCED, 'and one that is unknown')
    equal([len(files(p)) for p in paths], [2] + [1] * 49, 'a copy for each')
    equal(len(s.authd.questions), 1, 'one question to authd')
    equal(len(set(n.split('.')[1].split('_')[1] for n in files(paths[0]))), 2, 'copies in one mailbox have their own names')
    ok(len(s.children('mda')) <= 2, 'no more processes of one owner than localdeliver_workers_per_uid')
    numbers = {}
    for i in range(200):
        numbers[s.send([names[i % 50] + '@x.test'], b'S: %d\n\nx' % i)] = 1
    got = s.results(numbers)
    ok(all(g[0] == SENT_RESULT for g in got.values()), 'two hundred jobs at once')
    equal(sum(len(files(p)) for p in paths), 251, 'a file for each')
    equal([f for p in paths for f in files(p, 'tmp')], [], 'nothing is left in tmp')


def again(s):
    m = s.home('again')
    qid = s.qid()
    equal(s.deliver(['again@x.test'], b'x', qid=qid), [SENT_RESULT], 'first')
    equal(s.deliver(['again@x.test'], b'x', qid=qid, again=1), [SENT_RESULT], 'again: found in new')
    os.rename(m + '/new/' + files(m)[0], m + '/cur/' + files(m)[0] + ':2,S')
    equal(s.deliver(['again@x.test'], b'x', qid=qid, again=1), [SENT_RESULT], 'again: found in cur')
    equal((len(files(m)), len(files(m, 'cur'))), (0, 1), 'one copy')
    equal(s.deliver(['again@x.test'], b'x', again=1), [SENT_RESULT], 'another message')
    equal(len(files(m)), 1, 'is delivered')
    qid = s.qid()
    numbers = {s.send(['again@x.test'], b'x', qid=qid, again=i): 1 for i in (0, 1, 1)}
    s.results(numbers)
    equal(len(files(m)), 2, 'attempts that overtake each other make one copy')


def processes_die(s):
    paths = [s.home('k%d' % i) for i in range(8)]
    body = b'S: x\n\n' + b'x' * 200000
    numbers, qids = {}, []
    stop = threading.Event()
    killed = []

    def killer():
        while not stop.is_set():
            for pid in s.children('mda'):
                try:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
                except OSError:
                    pass
                break
            time.sleep(0.02)

    thread = threading.Thread(target=killer)
    thread.start()
    got = {}
    for round_ in range(10):
        numbers = {}
        for i in range(40):
            q = s.qid()
            numbers[s.send(['k%d@x.test' % (i % 8)], body, qid=q)] = 1
            qids.append((q, i % 8))
        got.update(s.results(numbers))
    stop.set()
    thread.join()
    outcomes = [got[n][0][0] for n in sorted(got)]
    ok(all(o in (SENT, UNSURE) for o in outcomes), 'killed again and again: sent or not known')
    ok(killed, 'processes were killed')
    print('# %d killed, %d sent, %d not known' % (len(killed), outcomes.count(SENT), outcomes.count(UNSURE)))
    copies = {}
    for p in paths:
        for name in files(p):
            sec, usec = re.match(r'(\d+)\.M(\d+)P', name).groups()
            key = '%05X%08X' % (int(usec), int(sec))
            copies[key] = copies.get(key, 0) + 1
            if os.path.getsize(p + '/new/' + name) != int(re.search(r',S=(\d+)', name).group(1)):
                ok(False, 'a file is incomplete', name)
    sent = [q for (q, _), o in zip(qids, outcomes) if o == SENT]
    equal([q for q in sent if copies.get(q) != 1], [], 'what was sent is there exactly once')
    equal([q for q in copies if copies[q] > 1], [], 'nothing is there twice')
    for (q, i), o in zip(qids, outcomes):
        if o == UNSURE:
            s.deliver(['k%d@x.test' % i], body, qid=q, again=1)
    total = sum(len(files(p)) for p in paths)
    equal(total, 400, 'and after another attempt all are there once')


def processes_die_of_one(s):
    m = s.home('poison')
    qid = s.qid()
    n = s.send(['poison@x.test'], b'x', qid=qid, size=1 << 30, sparse=True)
    killed = 0
    while s.queue.parse() is None and killed < 3:
        if wait_until(lambda: files(m, 'tmp')):
            for pid in s.children('mda'):
                os.kill(pid, signal.SIGKILL)
            killed += 1
        for f in files(m, 'tmp'):
            os.unlink(m + '/tmp/' + f)
    equal(s.results({n: 1})[n][0], (UNSURE,) + deferred('maildrop: the delivery process ended before it answered.')[1:],
          'a message that its processes die of is given up')
    for f in files(m, 'tmp'):
        os.unlink(m + '/tmp/' + f)
    equal(s.deliver(['poison@x.test'], b'x', qid=qid, again=1), [SENT_RESULT], 'until the next attempt')
    equal(len(files(m)), 1, 'which makes the one copy')


def limits_are_kept(s):
    names = ['l%d' % i for i in range(8)]
    paths = [s.home(n) for n in names]
    equal(s.deliver([n + '@x.test' for n in names], b'x'), [SENT_RESULT] * 8, 'eight mailboxes')
    equal(len(s.children('mda')), 2, 'two processes')
    with open(s.dir + '/main.cf', 'a') as f:
        f.write('localdeliver_process_limit = 1\nmax_idle = 1s\n')
    s.process.send_signal(signal.SIGHUP)
    ok(wait_until(lambda: not s.children('mda'), 20), 'they end when they are idle (max_idle)')
    most = 0
    for _ in range(5):
        numbers = {s.send([n + '@x.test'], b'x'): 1 for n in names}
        most = max(most, len(s.children('mda')))
        got = s.results(numbers)
        most = max(most, len(s.children('mda')))
        ok(all(g[0] == SENT_RESULT for g in got.values()), 'with one process for all (localdeliver_process_limit)')
    # One that was told to end may still be there when the next is started.
    ok(1 <= most <= 2, 'there is one', most)
    equal([len(files(p)) for p in paths], [6] * 8, 'nothing is missing')


def the_queue_goes(s):
    m = s.home('gone')
    body = b'x' * 200000
    qids = [s.qid() for _ in range(30)]
    for q in qids:
        s.send(['gone@x.test'], body, qid=q)
    s.queue.close()
    s.queue = Channel.connect(s.private + 'localdeliver.queue')
    numbers = {s.send(['gone@x.test'], body, qid=q, again=1): 1 for q in qids}
    got = s.results(numbers)
    ok(all(g[0] == SENT_RESULT for g in got.values()), 'a new queue process gets its answers')
    equal(len(files(m)), 30, 'each message is there once')


def the_disk_is_full(s):
    if not ROOT:
        skip('a full disk', 'only root can mount a small file system')
        return
    m = s.home('full')
    if subprocess.call(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', m], stderr=subprocess.DEVNULL) != 0:
        skip('a full disk', 'tmpfs cannot be mounted here')
        return
    try:
        for d in ('new', 'cur', 'tmp'):
            os.mkdir(m + '/' + d, 0o700)
            os.chown(m + '/' + d, UID, GID)
        os.chown(m, UID, GID)
        no_space = deferred('maildrop: Unable to write the message: No space left on device.', '4.3.1')
        equal(s.deliver(['full@x.test'], b'x' * 2000000), [no_space], 'a message larger than the disk')
        equal((files(m), files(m, 'tmp')), ([], []), 'nothing is left')
        got = [s.deliver(['full@x.test'], b'x' * 400000)[0] for _ in range(3)]
        equal(got, [SENT_RESULT] * 2 + [no_space], 'until it is full')
        equal((len(files(m)), files(m, 'tmp')), (2, []), 'nothing is left of the last')
    finally:
        s.deliver(['bob@x.test'], b'x')
        for pid in s.children('mda'):
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.3)
        subprocess.call(['umount', '-l', m])


def tracers(pids, call, when):
    """strace on each process, making `call` fail with EIO; None when it cannot be had."""
    started = []
    for pid in pids:
        try:
            p = subprocess.Popen(['strace', '-qq', '-p', str(pid), '-o', '/dev/null', '-e', 'trace=' + call, '-e',
                                  'inject=%s:error=EIO:when=%s' % (call, when)], stderr=subprocess.DEVNULL)
        except OSError:
            return None
        started.append(p)
        for _ in range(100):
            with open('/proc/%d/status' % pid) as f:
                if not re.search(r'^TracerPid:\s+0$', f.read(), re.M):
                    break
            if p.poll() is not None:
                return None
            time.sleep(0.02)
    return started


def calls_fail(s):
    names = ['f%d' % i for i in range(8)]
    paths = [s.home(n) for n in names]
    all_of_them = [n + '@x.test' for n in names]

    def clear():
        for p in paths:
            for f in files(p):
                os.unlink(p + '/new/' + f)

    s.deliver(all_of_them, b'x')
    for call, when, rcpts, what in (('pread64', '1+', 1, 'read'), ('writev', '1+', 1, 'write'), ('fsync', '1+', 1, 'sync'),
                                    ('fsync', '2+', 1, 'sync'), ('syncfs', '1+', 8, 'sync'), ('syncfs', '2+', 8, 'sync'),
                                    ('fstat,newfstatat', '1+', 1, None), ('renameat,renameat2', '1+', 1, 'rename')):
        name = '%s fails (%s, %d recipients)' % (call, when, rcpts)
        clear()
        time.sleep(1.1)
        s.deliver(all_of_them[:1], b'x')
        clear()
        started = tracers(s.children('mda'), call, when)
        if started is None:
            skip(name, 'strace cannot be used here')
            continue
        got = s.deliver(all_of_them[:rcpts], b'x')
        for p in started:
            p.terminate()
            p.wait()
        # A batch of two processes may be too small for syncfs in one of them; old systems have none.
        failed = [g for g in got if g[0] == DEFERRED]
        if call == 'syncfs' and not failed:
            skip(name, 'it is not called here')
            continue
        ok(failed and (call == 'syncfs' or len(failed) == rcpts), name + ': deferred', got)
        ok(all((what or '') in g[2] and 'Input/output error' in g[2] for g in failed), name + ': says why', failed)
        left = [len(files(p)) + len(files(p, 'tmp')) for p in paths]
        equal(sum(left), rcpts - len(failed), name + ': nothing is left of it')
        clear()
        equal(s.deliver(all_of_them[:1], b'x'), [SENT_RESULT], name + ': and then it goes on')


def authd_restarts(s):
    s.authd.silent = True
    n = s.send(['bob@x.test'], b'x')
    time.sleep(0.3)
    s.authd.silent = False
    equal(s.results({n: 1})[n][0], SENT_RESULT, 'a lookup is asked again when the connection is lost')


def bad_frames(s):
    for name, fields in {
        'a field of another type': [u32(1)],
        'a queue id that is none': [text('../etc/passwd'), text(''), u64(0), u32(0), u32(1), u32(0), text('a'), text('')],
        'no recipients': [text('0000100000001'), text(''), u64(0), u32(0), u32(0)],
        'no descriptor': [text('0000100000001'), text(''), u64(0), u32(0), u32(1), u32(0), text('a@x.test'), text('')],
        'more than there are': [text('0000100000001'), text(''), u64(0), u32(0), u32(4294967295)],
    }.items():
        c = Channel.connect(s.private + 'localdeliver.queue')
        c.send(LOCAL_DELIVER, 1, *fields)
        try:
            ok(c.receive(5) is None and False, name)
        except (EOFError, ConnectionResetError):
            ok(True, name + ': the connection is closed')
        c.close()
    s.queue.close()
    s.queue = Channel.connect(s.private + 'localdeliver.queue')
    equal(s.deliver(['bob@x.test'], b'x'), [SENT_RESULT], 'the others are served')


def it_stops(s):
    n = s.send(['bob@x.test'], b'x')
    s.process.send_signal(signal.SIGTERM)
    try:
        got = s.results({n: 1})
    except (EOFError, ConnectionResetError):
        got = None
    equal(s.process.wait(20), 0, 'SIGTERM ends it')
    ok(got is None or got[n][0] == SENT_RESULT, 'what was under way was answered, or not taken')
    s.start()
    equal(s.deliver(['bob@x.test'], b'x'), [SENT_RESULT], 'and it starts again')


suite = Suite()
try:
    for case in (content_is_kept, quota_is_kept, accounts_are_checked, remains_are_removed, loops_end, short_file,
                 many_recipients, again, processes_die, processes_die_of_one, the_queue_goes, the_disk_is_full,
                 calls_fail, authd_restarts, bad_frames, limits_are_kept, it_stops):
        print('# ' + case.__name__)
        case(suite)
    log = read(suite.dir + '/log').decode('utf-8', 'replace')
    accidents = [l for l in log.splitlines() if re.search(r'signal (?!9\b)|status [1-9]|AddressSanitizer|runtime error', l)]
    equal(accidents, [], 'no accidents in the log')
finally:
    if '-k' in sys.argv:
        print('# ' + suite.dir)
    else:
        suite.end()
print('1..%d' % count)
