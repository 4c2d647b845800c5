#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""queue alone: the test plays smtpd, authd and localdeliver (t/lib/mrframe.py). TAP, as the others."""
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, 'lib'))
from mrframe import *  # noqa: E402,F403

BUILD = os.environ.get('MR_BUILD') or os.path.join(os.path.dirname(HERE), 'build')
CONTENT = b'From: a@x.example\nTo: b@pris.cn\nSubject: hello\n\nbody\n'
NOTIFY_SUCCESS = 2

RUNNING = []
count = failures = 0


def ok(condition, name, detail=''):
    global count, failures
    count += 1
    print('%sok %d - %s' % ('' if condition else 'not ', count, name))
    if not condition:
        failures += 1
        print('# ' + str(detail).replace('\n', '\n# '))
    sys.stdout.flush()


def same(got, expected, name):
    ok(got == expected, name, 'got %r\nexpected %r' % (got, expected))


def wait_for(condition, seconds=10):
    end = time.time() + seconds
    while time.time() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


class Queue:
    """One queue daemon in a directory of its own, with the peers that the test plays."""

    def __init__(self, directory=None, local=True, **conf):
        self.dir = directory or tempfile.mkdtemp(prefix='queue-t-')
        os.makedirs(self.dir + '/etc', exist_ok=True)
        self.spool = self.dir + '/spool'
        settings = {
            'queue_directory': self.spool, 'maillog_file': self.dir + '/log', 'myhostname': 'mail.pris.cn',
            'mail_name': 'Postfix - by zhouhao0925@126.com', 'virtual_transport': 'maildrop:',
            'queue_user': 'nobody', 'deliver_before_ack_time': '1s', 'minimal_backoff_time': '1s',
            'maximal_backoff_time': '2s', 'syslog_name': 'postfix',
        }
        settings.update(conf)
        with open(self.dir + '/etc/main.cf', 'w') as f:
            f.writelines('%s = %s\n' % x for x in settings.items())
        open(self.dir + '/etc/master.cf', 'w').close()
        os.chmod(self.dir, 0o755)
        RUNNING.append(self)
        self.process = subprocess.Popen([BUILD + '/queue/queue', '-f', '-c', self.dir + '/etc'])
        socket_ = self.spool + '/private/queue.smtpd'
        if not wait_for(lambda: os.path.exists(socket_) and self.worker()):
            raise RuntimeError('queue did not start: ' + self.log())
        self.authd = Server(self.spool + '/private/authd.queue')
        self.local = Server(self.spool + '/private/localdeliver.queue') if local else None
        self.smtpd = Channel.connect(socket_)
        self.number = 0
        time.sleep(0.15)  # the connections to the peers

    def worker(self):
        try:
            return int(open(self.spool + '/pid/qmgr.pid').read())
        except (OSError, ValueError):
            return 0

    def log(self):
        try:
            return open(self.dir + '/log').read()
        except OSError:
            return ''

    def logged(self, pattern, seconds=5):
        return wait_for(lambda: re.search(pattern, self.log()), seconds)

    def files(self):
        return sorted(glob.glob(self.spool + '/queue/?/*'))

    def rest(self):
        return glob.glob(self.spool + '/tmp/*') + glob.glob(self.spool + '/staging/*')

    def kill_worker(self):
        pid = self.worker()
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: self.worker() != pid)
        self.smtpd.close()
        time.sleep(0.2)
        self.smtpd = Channel.connect(self.spool + '/private/queue.smtpd')

    def stop(self, keep=False):
        RUNNING.remove(self)
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(20)
        for peer in (self.authd, self.local, self.smtpd):
            if peer:
                peer.close()
        with open(self.dir + '/log', errors='replace') as log:
            reports = [line for line in log if re.search(r'Sanitizer|runtime error:', line)]
        if reports:
            ok(False, 'no report of a sanitizer in the log', ''.join(reports))
        if not keep:
            shutil.rmtree(self.dir)
        return status

    # ---- as smtpd ----
    def open(self, content=CONTENT, declared=0):
        self.number += 1
        self.smtpd.send(QUEUE_OPEN, self.number, u64(declared), text('client.example[192.0.2.1]'))
        f = self.smtpd.receive()
        status, qid, room = f.u32(), f.text(), f.u64()
        f.end()
        if status != LOOKUP_OK:
            return None, None
        self.fd = f.fds[0]
        os.write(self.fd, content[:room])
        while len(content) > room:
            self.smtpd.send(QUEUE_SPILL, self.number, u64(room))
            f = self.smtpd.receive()
            status, more = f.u32(), f.u64()
            if status != LOOKUP_OK or more <= room:
                return None, None
            os.close(self.fd)
            self.fd = f.fds[0]
            os.write(self.fd, content[room:more])
            room = more
        return self.number, qid

    def commit(self, number, rcpts, sender='a@x.example', size=None, ret='', envid='', notify=0, flags=0):
        self.smtpd.send(QUEUE_COMMIT, number, u64(len(CONTENT) if size is None else size), text(sender), u32(flags),
                        text(ret), text(envid), text('<id@x.example>'), u32(len(rcpts)),
                        *[text(r) + text('') + u32(notify) for r in rcpts])

    def answer(self, timeout=10):
        f = self.smtpd.receive(timeout)
        if not f:
            return None
        result = f.u32(), f.text()
        f.end()
        return result

    # ---- as authd ----
    def expand(self, table=None, transport='local', nexthop='', timeout=10):
        """Answers one AUTHD_EXPAND: by table, else every address is final."""
        f = self.authd.receive(timeout)
        if not f:
            return None
        names = [f.text() for _ in range(f.u32())]
        f.end()
        out = [u32(len(names))]
        for name in names:
            finals = (table or {}).get(name, [(name, transport, nexthop)])
            if isinstance(finals, str):
                out.append(u32(LOOKUP_TEMP) + text(finals.split(' ', 1)[0]) + text(finals.split(' ', 1)[1]) + u32(0))
                continue
            out.append(u32(LOOKUP_OK) + text('') + text('') + u32(len(finals)))
            out += [text(x) for final in finals for x in final]
        self.authd.send(f.kind + 1, f.id, *out)
        return names

    # ---- as localdeliver ----
    def job(self, timeout=10):
        f = self.local.receive(timeout)
        if not f:
            return None
        job = {'id': f.id, 'qid': f.text(), 'sender': f.text(), 'size': f.u64(), 'again': f.u32()}
        job['rcpt'] = [(f.u32(), f.text(), f.text()) for _ in range(f.u32())]
        f.end()
        job['content'] = os.pread(f.fds[0], job['size'] + 10, 0)[:job['size']]
        job['fd'] = f.fds[0]
        return job

    def result(self, job, outcome=SENT, dsn='2.0.0', reason='delivered via maildrop service', diagnostic='', only=None):
        rcpt = [r for r in job['rcpt'] if only is None or r[1] in only]
        self.local.send(LOCAL_DELIVER + 1, job['id'], u32(len(rcpt)),
                        *[u32(r[0]) + u32(outcome) + text(dsn) + text(reason) + text(diagnostic) for r in rcpt])


TESTS = []


def test(f):
    TESTS.append(f)
    return f


@test
def fast_path():
    q = Queue()
    number, qid = q.open()
    q.commit(number, ['support@pris.cn', 'bob@pris.cn', 'BOB@pris.cn'])
    q.expand({'support@pris.cn': [('postmaster@pris.cn', 'local', ''), ('bob@pris.cn', 'local', '')]})
    job = q.job()
    same([r[1:] for r in job['rcpt']], [('postmaster@pris.cn', 'support@pris.cn'), ('bob@pris.cn', 'support@pris.cn')],
         'one job with the final recipients, no duplicates')
    same((job['qid'], job['sender'], job['again'], job['content']), (qid, 'a@x.example', 0, CONTENT), 'the job')
    try:
        os.write(q.fd, b'more')
        wrote = True
    except PermissionError:
        wrote = False
    ok(not wrote, 'an accepted message cannot be changed by who wrote it')
    same(q.answer(0.2), None, 'no answer before the copies are there')
    q.result(job, only=['postmaster@pris.cn'])
    same(q.answer(0.2), None, 'nor after the first of two')
    q.result(job, only=['bob@pris.cn'])
    same(q.answer(), (COMMIT_OK, '2.0.0 Ok: queued as ' + qid), '250 when all are')
    same(q.files(), [], 'nothing was written to the spool')
    for line in (r'postfix/qmgr\[\d+\]: %s: from=<a@x.example>, size=%d, nrcpt=2 \(queue active\)' % (qid, len(CONTENT)),
                 r'postfix/pipe\[\d+\]: %s: to=<postmaster@pris.cn>, orig_to=<support@pris.cn>, relay=maildrop, '
                 r'delay=[0-9.]+, delays=[0-9.]+/[0-9.]+/0/[0-9.]+, dsn=2.0.0, status=sent '
                 r'\(delivered via maildrop service\)' % qid,
                 r'postfix/qmgr\[\d+\]: %s: removed' % qid):
        ok(q.logged(line), 'log: ' + line[:60], q.log())
    number2, qid2 = q.open()
    ok((qid2[5:], qid2[:5]) > (qid[5:], qid[:5]), 'ids rise')
    q.smtpd.send(QUEUE_ABORT, number2)
    same(q.stop(), 0, 'stops')


@test
def refusals():
    q = Queue()
    for table, expected in (({'b@pris.cn': '4.6.0 Alias expansion error'}, '4.6.0 Alias expansion error'),
                            ({'b@pris.cn': []}, '4.6.0 Alias expansion error'),
                            ({'b@pris.cn': '4.3.0 Temporary lookup failure'}, '4.3.0 Temporary lookup failure')):
        number, _ = q.open()
        q.commit(number, ['b@pris.cn'])
        q.expand(table)
        same(q.answer(), (COMMIT_TEMP, expected), expected)
    number, _ = q.open()
    q.commit(number, ['b@pris.cn'], size=1 << 40)
    same(q.answer()[0], COMMIT_TEMP, 'a size beyond the staging file is refused')
    same(q.files() + q.rest(), [], 'nothing is left')
    q.smtpd.send(QUEUE_COMMIT, 4711, u64(1))
    try:
        closed = q.smtpd.receive(5) is None
    except (EOFError, ConnectionError):
        closed = True
    ok(closed, 'a malformed frame closes its connection')
    q.smtpd = Channel.connect(q.spool + '/private/queue.smtpd')
    ok(q.open()[1], 'and only that')
    q.stop()


@test
def large():
    q = Queue(message_size_limit='3000000', queue_memory_message_limit='100000', deliver_before_ack_time='20s')
    big = CONTENT + (b'y' * 70 + b'\n') * 20000
    number, qid = q.open(big)
    q.commit(number, ['b@pris.cn'], size=len(big))
    q.expand()
    job = q.job()
    ok(job['content'] == big, 'content larger than memory allows goes by disk')
    try:
        os.write(job['fd'], b'x')
        wrote = True
    except OSError:
        wrote = False
    ok(not wrote, 'who delivers it can only read')
    os.pwrite(q.fd, b'EVIL', 0)
    ok(os.pread(job['fd'], 4, 0) == CONTENT[:4], 'who wrote it cannot change it any more')
    q.result(job)
    same(q.answer(), (COMMIT_OK, '2.0.0 Ok: queued as ' + qid), 'accepted')
    same(q.files() + q.rest(), [], 'nothing is left')
    q.stop()


@test
def late():
    q = Queue()
    number, qid = q.open()
    q.commit(number, ['b@pris.cn', 'c@pris.cn'])
    q.expand()
    job = q.job()
    q.result(job, only=['b@pris.cn'])
    same(q.answer(5), (COMMIT_OK, '2.0.0 Ok: queued as ' + qid), '250 when a copy is late')
    same(len(q.files()), 1, 'and the message is in the spool')
    q.result(job, only=['c@pris.cn'])
    ok(q.logged(qid + ': removed'), 'the late result ends it')
    same(q.files(), [], 'the file is gone')
    q.stop()


@test
def localdeliver_down():
    q = Queue(local=False)
    number, qid = q.open()
    q.commit(number, ['b@pris.cn'])
    q.expand()
    same(q.answer(5), (COMMIT_OK, '2.0.0 Ok: queued as ' + qid), '250 without localdeliver')
    same(len(q.files()), 1, 'it is in the spool')
    ok(q.logged(qid + r': to=<b@pris.cn>, relay=maildrop, .*, dsn=4.3.0, status=deferred '), 'and deferred', q.log())
    q.local = Server(q.spool + '/private/localdeliver.queue')
    job = q.job(10)
    same((job['qid'], job['again'], job['content']), (qid, 1, CONTENT), 'when it is back, the message comes, again=1')
    q.local.close()
    q.local = Server(q.spool + '/private/localdeliver.queue')
    job = q.job(10)
    same((job['qid'], job['again']), (qid, 1), 'and again after a lost connection')
    q.result(job)
    ok(q.logged(qid + ': removed'), 'delivered')
    same(q.files(), [], 'the file is gone')
    q.stop()


@test
def killed():
    q = Queue()
    number, qid = q.open()
    q.commit(number, ['b@pris.cn'])
    q.expand()
    q.job()
    q.kill_worker()
    same(q.files() + q.rest(), [], 'kill -9 before the answer: nothing is left')
    number, qid = q.open()
    q.commit(number, ['b@pris.cn', 'c@pris.cn'])
    q.expand()
    job = q.job()
    q.result(job, only=['c@pris.cn'])
    same(q.answer(5), (COMMIT_OK, '2.0.0 Ok: queued as ' + qid), '250, late')
    open(q.spool + '/tmp/0000000000000', 'w').close()
    q.kill_worker()
    job = q.job()
    same((job['qid'], job['again'], [r[1] for r in job['rcpt']]), (qid, 1, ['b@pris.cn']),
         'kill -9 after it: the open recipient is tried, again=1')
    same(q.rest(), [], 'tmp/ is cleaned')
    _, later = q.open()
    ok((later[5:], later[:5]) > (qid[5:], qid[:5]), 'ids rise across restarts')
    q.result(job)
    ok(q.logged(qid + ': removed'), 'delivered')
    q.stop()


@test
def expiry():
    q = Queue(maximal_queue_lifetime='0d')
    number, qid = q.open()
    q.commit(number, ['nohome@pris.cn'], envid='QQ1')
    q.expand()
    job = q.job()
    q.result(job, DEFERRED, '4.3.0', 'temporary failure. Command output: /usr/bin/maildrop: Unable to change to home directory. ',
             'x-unix; /usr/bin/maildrop: Unable to change to home directory.')
    same(q.answer(), (COMMIT_OK, '2.0.0 Ok: queued as ' + qid), 'a deferred message is accepted')
    ok(q.logged(qid + r': to=<nohome@pris.cn>, relay=maildrop, delay=[0-9./]+, delays=[0-9./]+, dsn=4.3.0, '
                r'status=deferred \(temporary failure. Command output: /usr/bin/maildrop: Unable to change to home '
                r'directory. \)'), 'deferred line', q.log())
    ok(q.logged(qid + ': from=<a@x.example>, status=expired, returned to sender'), 'expired line')
    same(q.expand(), ['a@x.example'], 'the way back is asked for')
    job = q.job()
    same((job['sender'], [r[1] for r in job['rcpt']]), ('', ['a@x.example']), 'a bounce from <>')
    content = job['content'].decode()
    for line in ('Subject: Undelivered Mail Returned to Sender', 'Original-Envelope-Id: QQ1',
                 'X-Postfix---by-zhouhao0925-126-com-Queue-ID: ' + qid, 'Status: 4.3.0', 'Subject: hello',
                 'Diagnostic-Code: x-unix; /usr/bin/maildrop: Unable to change to home directory.'):
        ok('\n' + line + '\n' in content, 'bounce: ' + line, content)
    ok(q.logged(r'postfix/bounce\[\d+\]: %s: sender non-delivery notification: %s' % (qid, job['qid'])), 'bounce line')
    ok(q.logged(qid + ': removed'), 'the message is removed')
    same(len(q.files()), 1, 'the bounce is in the spool while it is delivered')
    q.result(job, BOUNCED, '5.1.1', 'user unknown')
    ok(q.logged(job['qid'] + ': undeliverable notification discarded'), 'a bounce that bounces is discarded')
    ok(q.logged(job['qid'] + ': removed'), 'and removed')
    same(q.files(), [], 'nothing is left')
    q.stop()


@test
def success_and_never():
    q = Queue()
    number, qid = q.open()
    q.commit(number, ['b@pris.cn'], notify=NOTIFY_SUCCESS)
    q.expand()
    q.result(q.job())
    same(q.answer(), (COMMIT_OK, '2.0.0 Ok: queued as ' + qid), 'NOTIFY=SUCCESS: accepted')
    q.expand()
    job = q.job()
    ok(b'Subject: Successful Mail Delivery Report' in job['content'] and b'Action: relayed' in job['content'], 'report',
       job['content'])
    q.result(job)
    ok(q.logged(qid + ': sender delivery status notification: ' + job['qid']), 'log')
    number, qid = q.open()
    q.commit(number, ['b@pris.cn'], notify=1)
    q.expand({'b@pris.cn': [('b@pris.cn', 'error', '5.7.1 not for you')]})
    same(q.answer()[0], COMMIT_OK, 'NOTIFY=NEVER: accepted')
    ok(q.logged(qid + r': to=<b@pris.cn>, relay=none, .*, dsn=5.7.1, status=bounced \(not for you\)'), 'bounced', q.log())
    ok(q.logged(qid + ': removed'), 'without a word')
    same(q.expand(timeout=0.3), None, 'no notification')
    same(q.files(), [], 'nothing is left')
    q.stop()


@test
def other_hosts_and_mailq():
    q = Queue()
    number, qid = q.open()
    q.commit(number, ['later@remote3.example'])
    q.expand(transport='smtp')
    same(q.answer(), (COMMIT_OK, '2.0.0 Ok: queued as ' + qid), 'mail for another host is accepted')
    ok(q.logged(qid + r': to=<later@remote3.example>, relay=none, .*, dsn=4.3.5, status=deferred '
                r'\(mail for other hosts is not delivered by this version: no remotedeliver service\)'), 'deferred', q.log())
    mailq = subprocess.run([BUILD + '/queue/mailq', '-c', q.dir + '/etc'], stdout=subprocess.PIPE).stdout.decode()
    stamp = r'\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d'
    ok(re.fullmatch(r'-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n'
                    + qid + r' +%d %s  a@x.example\n' % (len(CONTENT), stamp) +
                    r'\(mail for other hosts is not delivered by this version: no remotedeliver service\)\n'
                    r' {41}later@remote3.example\n\n-- 0 Kbytes in 1 Request.\n', mailq), 'mailq', mailq)
    json = subprocess.run([BUILD + '/queue/mailq', '-c', q.dir + '/etc', '-j'], stdout=subprocess.PIPE).stdout.decode()
    ok(json.startswith('{"queue_name": "deferred", "queue_id": "%s", "arrival_time": ' % qid), 'mailq -j', json)
    path = q.files()[0]
    with open(path, 'r+b') as f:
        f.seek(60)
        f.write(b'X')
    q.kill_worker()
    ok(q.logged('damaged'), 'a damaged file is reported', q.log())
    same((q.files(), os.path.basename(path) in os.listdir(q.spool + '/corrupt')), ([], True), 'and put aside')
    q.stop()


@test
def smtpd_gone():
    q = Queue()
    number, qid = q.open()
    q.commit(number, ['b@pris.cn'])
    q.expand()
    job = q.job()
    q.smtpd.close()
    time.sleep(0.1)
    q.result(job, DEFERRED, '4.2.0', 'not now')
    ok(q.logged(qid + ': not kept: smtpd ended'), 'what nobody was promised is not kept')
    same(q.files(), [], 'nothing is left')
    q.smtpd = Channel.connect(q.spool + '/private/queue.smtpd')
    ok(q.open()[1], 'and the next smtpd is served')
    q.stop()


@test
def stopping():
    q = Queue(deliver_before_ack_time='5s')
    number, qid = q.open()
    late, _ = q.open()
    q.commit(number, ['b@pris.cn'])
    q.expand()
    job = q.job()
    q.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    q.commit(late, ['b@pris.cn'])
    same(q.answer(), (COMMIT_TEMP, '4.3.2 Error: the mail system is being stopped'), 'stopping: no new messages')
    q.result(job)
    same(q.answer(), (COMMIT_OK, '2.0.0 Ok: queued as ' + qid), 'a result that is under way is waited for')
    same(q.stop(), 0, 'stopped')


def residue(q):
    return q.files() + q.rest()


@test
def failing_calls():
    """Each system call of accepting a message fails once: 250 means durable, all else leaves nothing."""
    if not shutil.which('strace'):
        print('# not run: needs strace')
        return
    q = Queue(directory=None)
    for call, error, times in (('memfd_create', 'EMFILE', 1), ('ftruncate', 'ENOSPC', 1), ('fcntl', 'EBUSY', 2),
                               ('openat', 'EMFILE', 1), ('write', 'ENOSPC', 2), ('pread64', 'EIO', 1),
                               ('fsync', 'EIO', 2), ('close', 'EIO', 1), ('renameat', 'ENOSPC', 1)):
        for n in range(1, times + 1):
            tracer = subprocess.Popen(['strace', '-qq', '-o', '/dev/null', '-e', 'inject=%s:error=%s:when=%d'
                                       % (call, error, n), '-p', str(q.worker())], stderr=subprocess.DEVNULL)
            time.sleep(0.4)
            number, qid = q.open()
            outcome = COMMIT_TEMP
            if number:
                q.commit(number, ['later@other.example'])
                if q.expand(transport='smtp', timeout=2):
                    pass
                answer = q.answer()
                outcome = answer[0] if answer else None
            tracer.terminate()
            tracer.wait()
            left = [os.path.basename(x) for x in residue(q)]
            same(left, [qid] if outcome == COMMIT_OK else [], '%s fails with %s (%d)' % (call, error, n))
            for path in q.files():
                os.unlink(path)
    q.stop()


@test
def disk_full():
    if os.geteuid() != 0:
        print('# not run: needs root to mount a small file system')
        return
    directory = tempfile.mkdtemp(prefix='queue-t-')
    os.makedirs(directory + '/spool')
    if subprocess.call(['mount', '-t', 'tmpfs', '-o', 'size=256k,mode=755', 'tmpfs', directory + '/spool']) != 0:
        print('# not run: cannot mount a tmpfs')
        return
    try:
        q = Queue(directory)
        big = CONTENT + (b'y' * 70 + b'\n') * 3660
        number, qid = q.open(big)
        q.commit(number, ['x@remote.example'], size=len(big))
        q.expand(transport='smtp')
        same(q.answer(), (COMMIT_TEMP, '4.3.1 Insufficient system storage'), 'a full disk is 4.3.1')
        same(q.files() + q.rest(), [], 'and leaves nothing')
        number, qid = q.open(big)
        q.commit(number, ['b@pris.cn'], size=len(big))
        q.expand()
        job = q.job()
        same(q.answer(2), None, 'when the message cannot be spooled, the mailboxes are waited for')
        q.result(job)
        same(q.answer(), (COMMIT_OK, '2.0.0 Ok: queued as ' + qid), 'and are enough')
        q.stop(keep=True)
    finally:
        subprocess.call(['umount', directory + '/spool'])
        shutil.rmtree(directory)


for t in TESTS:
    if len(sys.argv) > 1 and t.__name__ not in sys.argv[1:]:
        continue
    try:
        t()
    except Exception:  # noqa: one broken test does not hide the others
        ok(False, t.__name__, traceback.format_exc())
    for broken in list(RUNNING):
        broken.stop()
print('1..%d' % count)
sys.exit(1 if failures else 0)
