# SPDX-License-Identifier: ISC
# fetch.py PORT USER PASSWORD DIR: writes every message of the mailbox to DIR/1, DIR/2, ... with
# LF line ends, and deletes it, with poplib.
import poplib
import sys

poplib._MAXLINE = 10 * 1024 * 1024  # its own limit of a line is 2048 bytes

port, user, password, directory = sys.argv[1:5]
pop3 = poplib.POP3("127.0.0.1", int(port), timeout=30)
pop3.user(user)
pop3.pass_(password)
for number in range(1, pop3.stat()[0] + 1):
    lines = pop3.retr(number)[1]
    with open("%s/%d" % (directory, number), "wb") as message:
        message.write(b"".join(line + b"\n" for line in lines))
    pop3.dele(number)
pop3.quit()
