# SPDX-License-Identifier: ISC
# send.py PORT FROM TO FILE...: sends each file's bytes with smtplib.
import smtplib
import sys

port, sender, recipient = sys.argv[1:4]
with smtplib.SMTP("127.0.0.1", int(port), timeout=30) as smtp:
    for name in sys.argv[4:]:
        with open(name, "rb") as message:
            smtp.sendmail(sender, [recipient], message.read())
