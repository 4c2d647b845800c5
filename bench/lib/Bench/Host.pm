# SPDX-License-Identifier: ISC
# What all stacks stand on: packages, the work directory, the user, accounts, load programs, syslog and MariaDB.
package Bench::Host;

use strict;
use warnings;

use Bench::Util qw(say_line run must spawn slurp spit wait_for make_dir);
use Exporter 'import';
use File::Path qw(remove_tree);

our @EXPORT_OK = qw(install_missing make_host start_syslog start_mariadb accounts fill_mailboxes empty_mailboxes sync_disk
    DOMAIN PASSWORD USERS OWNER);

use constant { DOMAIN => 'bench.example', PASSWORD => 'extmail', USERS => 600, OWNER => 'vuser' };
use constant SMALL => 65536; # bytes

# A program of each package that must be there.
my %PACKAGE_OF = (
    '/usr/sbin/mariadbd' => 'mariadb-server',
    '/usr/sbin/authdaemond' => 'courier-authdaemon',
    '/usr/lib/x86_64-linux-gnu/courier-authlib/libauthmysql.so' => 'courier-authlib-mysql',
    '/usr/sbin/pop3d' => 'courier-pop',
    '/usr/bin/maildrop' => 'maildrop',
    '/usr/sbin/postfix' => 'postfix',
    '/usr/lib/postfix/postfix-mysql.so.1.0.1' => 'postfix-mysql',
    '/usr/sbin/dovecot' => 'dovecot-core',
    '/usr/lib/dovecot/lmtp' => 'dovecot-lmtpd',
    '/usr/sbin/rsyslogd' => 'rsyslog',
    '/usr/bin/strace' => 'strace',
    '/usr/bin/sqlite3' => 'sqlite3',
    '/usr/bin/cc' => 'gcc',
);

sub package_installed {
    my ($status, $text) = run('dpkg-query', '-W', '-f', '${Status}', $_[0]);
    return $status == 0 && $text =~ /install ok installed/;
}

# Installs what is missing, and starts none of it (policy-rc.d).
sub install_missing {
    my @missing = grep { !package_installed($_) } sort values %PACKAGE_OF;
    return unless @missing;
    -x '/usr/bin/apt-get' or die "missing: @missing; install them (bench/run itself can do that with apt-get only)\n";
    say_line("installing @missing");
    my $policy = '/usr/sbin/policy-rc.d';
    my $ours = !-e $policy;
    spit($policy, "#!/bin/sh\nexit 101\n", 0755) if $ours;
    local $ENV{DEBIAN_FRONTEND} = 'noninteractive';
    my ($status, $text) = run('apt-get', 'install', '-y', '--no-install-recommends', @missing);
    unlink $policy if $ours;
    $status == 0 or die "apt-get install @missing:\n$text\n";
}

sub versions {
    my ($status, $text) = run('dpkg-query', '-W', '-f', '${Package} ${Version}\n', sort values %PACKAGE_OF);
    return split /\n/, $text;
}

# The work directory, the mailbox owner, the load programs. Returns what the stacks need to know.
sub make_host {
    my (%o) = @_;
    my $work = $o{work};
    remove_tree($work) if -e "$work/.bench";
    -e $work and die "$work exists and is not of an earlier run of this program; give another --work\n";
    make_dir($work);
    spit("$work/.bench", '');
    make_dir("$work/$_") for qw(log load home);
    getpwnam OWNER or must('useradd', '--system', '--user-group', '--no-create-home', '--home-dir', '/', OWNER);
    my ($uid, $gid) = (getpwnam OWNER)[2, 3];
    build_load_programs($o{source}, "$work/load");
    return { work => $work, source => $o{source}, port => $o{port}, uid => $uid, gid => $gid, log => "$work/log" };
}

sub build_load_programs {
    my ($source, $to) = @_;
    for my $program (qw(authload popload diskbound)) {
        must('cc', '-O2', '-std=gnu99', '-o', "$to/$program", "$source/$program.c", "$source/benchutil.c");
    }
}

# Local parts: one mailbox each for the load processes, and r, 1r, 2r ... for smtp-source -r.
sub accounts { return ((map { sprintf 'u%04d', $_ } 0 .. USERS - 1), 'r', map { "${_}r" } 0 .. 51) }

# A private rsyslogd on a private /dev/log: Postfix and Courier log as they do after installation.
sub start_syslog {
    my ($h) = @_;
    my $dir = make_dir("$h->{work}/syslog");
    spit("$dir/conf", <<"TEXT");
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="$dir/log")
global(workDirectory="$dir")
*.* -$h->{log}/syslog
TEXT
    my $pid = spawn("$h->{log}/rsyslogd", 'rsyslogd', '-n', '-f', "$dir/conf", '-i', "$dir/pid");
    wait_for(sub { -S "$dir/log" }, 10) or die "rsyslogd does not start; see $h->{log}/rsyslogd\n";
    spit('/dev/log', '') unless -e '/dev/log';
    must('mount', '--bind', "$dir/log", '/dev/log');
    return $h->{syslog} = $pid;
}

# ---- MariaDB with ExtMail's tables (those columns that are asked for) ----------------------------

my $SCHEMA = <<'TEXT';
CREATE DATABASE extmail CHARACTER SET utf8;
CREATE USER extmail@localhost IDENTIFIED BY 'extmail';
GRANT SELECT, UPDATE ON extmail.* TO extmail@localhost;
USE extmail;
CREATE TABLE alias (address varchar(255) NOT NULL default '', goto text NOT NULL, domain varchar(255) NOT NULL default '',
  createdate datetime, active tinyint(1) NOT NULL default '1', PRIMARY KEY (address)) ENGINE=MyISAM;
CREATE TABLE domain (domain varchar(255) NOT NULL default '', description varchar(255) NOT NULL default '',
  transport varchar(255) default NULL, active tinyint(1) NOT NULL default '1', PRIMARY KEY (domain)) ENGINE=MyISAM;
CREATE TABLE mailbox (username varchar(255) NOT NULL default '', uid varchar(255) NOT NULL default '',
  password varchar(255) NOT NULL default '', clearpwd varchar(128) NOT NULL default '', name varchar(255) NOT NULL default '',
  maildir varchar(255) NOT NULL default '', homedir varchar(255) NOT NULL default '', quota varchar(16) NOT NULL default '0',
  domain varchar(255) NOT NULL default '', uidnumber int NOT NULL, gidnumber int NOT NULL,
  active smallint NOT NULL default '1', PRIMARY KEY (username)) ENGINE=MyISAM;
TEXT

# Rows for all accounts, in the SQL that MariaDB and SQLite share.
sub account_rows {
    my ($h) = @_;
    my $hash = crypt PASSWORD, '$1$abcdefgh$';
    my $domain = DOMAIN;
    my $sql = "INSERT INTO domain (domain, description) VALUES ('$domain', 'benchmark');\n";
    for my $name (accounts()) {
        $sql .= 'INSERT INTO mailbox (username, uid, password, clearpwd, name, maildir, homedir, quota, domain, uidnumber, gidnumber)'
            . " VALUES ('$name\@$domain', '$name', '$hash', '', '$name', '$domain/$name/Maildir/', '$domain/$name', '0',"
            . " '$domain', $h->{uid}, $h->{gid});\n";
    }
    return $sql;
}

sub start_mariadb {
    my ($h) = @_;
    my $dir = make_dir("$h->{work}/mariadb", 'mysql');
    must('mariadb-install-db', '--no-defaults', '--user=mysql', "--datadir=$dir/data", '--auth-root-authentication-method=socket',
        '--skip-test-db');
    $h->{sql_socket} = "$dir/sock";
    # The maps of Postfix open a connection each, in every process.
    my $pid = spawn("$h->{log}/mariadbd", 'mariadbd', '--no-defaults', '--user=mysql', "--datadir=$dir/data", "--socket=$dir/sock",
        "--pid-file=$dir/pid", '--skip-networking', '--max-connections=3000', '--sql-mode=');
    wait_for(sub { (run('mariadb', '--no-defaults', '-S', "$dir/sock", '-e', 'SELECT 1'))[0] == 0 }, 30)
        or die "mariadbd does not start; see $h->{log}/mariadbd\n";
    spit("$dir/accounts.sql", $SCHEMA . account_rows($h));
    must('sh', '-c', "mariadb --no-defaults -S $dir/sock < $dir/accounts.sql");
    return $h->{mariadb} = $pid;
}

# ---- mailboxes ------------------------------------------------------------------------------------

# Empty Maildirs of all accounts below $home.
sub make_mailboxes {
    my ($h, $home) = @_;
    make_dir($home, OWNER);
    make_dir("$home/" . DOMAIN, OWNER);
    for my $name (accounts()) {
        my $dir = "$home/" . DOMAIN . "/$name";
        make_dir($_, OWNER, 0700) for $dir, "$dir/Maildir", map { "$dir/Maildir/$_" } qw(tmp new cur);
    }
}

# $n messages of $size bytes into the mailbox of each u account.
sub fill_mailboxes {
    my ($h, $home, $n, $size) = @_;
    my $line = ('x' x 70) . "\n";
    my $text = "Return-Path: <bench\@sender.example>\nFrom: bench\@sender.example\nSubject: benchmark\n\n";
    $text .= $line while length($text) < $size;
    for my $name (grep { /^u/ } accounts()) {
        my $new = "$home/" . DOMAIN . "/$name/Maildir/new";
        for my $i (1 .. $n) {
            my $file = sprintf '%s/%d.M%dP%d.bench,S=%d', $new, 1_600_000_000 + $i, $i, $$, length $text;
            spit($file, $text, 0600);
            chown $h->{uid}, $h->{gid}, $file;
        }
    }
    sync_disk($h);
}

# Takes all mail away, and what servers keep about it. Small files are moved, not removed: ext4 looks at every inode that was freed
# in the last minutes before it makes a new file, and that would slow down whoever is measured next.
sub empty_mailboxes {
    my ($h, $home) = @_;
    my $trash = make_dir("$h->{work}/trash/" . ++$h->{emptied});
    my $n = 0;
    for my $maildir (glob "$home/" . DOMAIN . '/*/Maildir') {
        for my $file (glob "$maildir/{new,cur}/*") { -s $file > SMALL ? unlink $file : rename $file, "$trash/" . ++$n }
        unlink glob "$maildir/tmp/*";
        unlink grep { -f } glob "$maildir/{*,.[a-z]*}";
    }
    sync_disk($h);
}

sub sync_disk { my ($h) = @_; must('sync', '-f', $h->{work}) }

1;
