/* What a hostile program can do in the sandbox: nothing but be told apart. Each test runs a real program in a real sandbox. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/error.h"
#include "processing/sandbox/sandbox.h"
#include "processing/sandbox/tree.h"

#define MIB INT64_C(1048576)
#define NOBODY 65534

static char home[64];        /* of this test program */
static char in[96], out[96]; /* what a sandbox gets */
static char group[96];       /* a memory cgroup, if root made one */

/* What the program wrote, and when to stop it. */
struct seen {
    char text[65536];
    size_t len;
    int64_t total;
    const char *stop_at;
};

static bool watch(void *context, const char *text, size_t len) {
    struct seen *s = context;
    size_t room = sizeof(s->text) - 1 - s->len, keep = len < room ? len : room;
    if (keep) memcpy(s->text + s->len, text, keep);
    s->len += keep;
    s->text[s->len] = 0;
    s->total += (int64_t)len;
    return !s->stop_at || !strstr(s->text, s->stop_at);
}

static void nap_ms(long ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Runs a Python text with small limits. */
struct limits {
    int64_t memory, disk;
    int seconds, processes, files;
    const char *cgroup;
};

static const struct limits usual = {256 * MIB, 32 * MIB, 20, 24, 500, NULL};

static struct sandbox_end run_with(const char *python, struct limits limits, struct seen *seen) {
    const char *const argv[] = {"/usr/bin/python3", "-c", python, NULL};
    struct sandbox box = {.argv = argv,
                          .workdir = "/out",
                          .writable = out,
                          .memory = limits.memory,
                          .disk = limits.disk,
                          .files = limits.files,
                          .seconds = limits.seconds,
                          .processes = limits.processes,
                          .cgroup = limits.cgroup};
    struct sandbox_end end = {0};
    assert_int_equal(sandbox_mount(&box, in, "/in", false), 0);
    assert_int_equal(sandbox_mount(&box, out, "/out", true), 0);
    assert_int_equal(sandbox_run(&box, watch, seen, &end), 0);
    return end;
}

static struct sandbox_end run(const char *python, struct seen *seen) {
    return run_with(python, usual, seen);
}

static int fresh(void **state) {
    (void)state;
    assert_int_equal(tree_remove(out), 0);
    assert_int_equal(mkdir(out, 0755), 0);
    return 0;
}

/* How many processes have this word in their command line: sandboxed ones are seen from here. */
static int processes_with(const char *word) {
    DIR *proc = opendir("/proc");
    const struct dirent *d;
    int count = 0;
    while ((d = readdir(proc))) {
        char path[300], text[4096] = "";
        if ((int)strtol(d->d_name, NULL, 10) <= 0 || (int)strtol(d->d_name, NULL, 10) == getpid()) continue;
        (void)snprintf(path, sizeof(path), "/proc/%s/cmdline", d->d_name);
        int fd = open(path, O_RDONLY);
        ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
        if (fd >= 0) close(fd);
        if (n > 0 && memmem(text, (size_t)n, word, strlen(word))) count++;
    }
    closedir(proc);
    return count;
}

/* ---- ends are told apart ---- */

static void test_done(void **state) {
    struct seen seen = {0};
    (void)state;
    struct sandbox_end end =
        run("import os\nprint('hello', os.getuid(), sorted(os.listdir('/')))\nopen('/out/x','w').write('1')", &seen);
    assert_int_equal(end.reason, SANDBOX_DONE);
    assert_non_null(strstr(seen.text, "hello 65534 ['app'") ? "" : strstr(seen.text, "hello 65534 ["));
    assert_null(strstr(seen.text, "home"));
    assert_null(strstr(seen.text, "root"));
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/x", out);
    assert_int_equal(access(path, F_OK), 0);
}

static void test_exit_and_signal(void **state) {
    struct seen seen = {0};
    (void)state;
    struct sandbox_end end = run("import sys; sys.exit(7)", &seen);
    assert_int_equal(end.reason, SANDBOX_EXIT);
    assert_int_equal(end.code, 7);
    end = run("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", &seen);
    assert_int_equal(end.reason, SANDBOX_SIGNAL);
    assert_int_equal(end.code, SIGSEGV);
}

static void test_libraries_work(void **state) {
    struct seen seen = {0};
    (void)state;
    struct sandbox_end end =
        run("import numpy\nfrom osgeo import gdal, osr\nsr = osr.SpatialReference(); sr.ImportFromEPSG(32631)\n"
            "d = gdal.GetDriverByName('GTiff').Create('/out/r.tif', 64, 64, 1, gdal.GDT_Float32)\n"
            "d.SetProjection(sr.ExportToWkt()); d.GetRasterBand(1).WriteArray(numpy.ones((64, 64)))\n"
            "print('made')",
            &seen);
    assert_int_equal(end.reason, SANDBOX_DONE);
    assert_non_null(strstr(seen.text, "made"));
}

static void test_nothing_of_the_launcher_is_left_open(void **state) {
    struct seen seen = {0};
    (void)state;
    int leak = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
    struct sandbox_end end = run("import os\nprint('fds', [f for f in os.listdir('/proc/self/fd') if int(f) > 3])", &seen);
    close(leak);
    assert_int_equal(end.reason, SANDBOX_DONE);
    assert_non_null(strstr(seen.text, "fds []"));
}

/* ---- what is out of reach ---- */

static void test_network(void **state) {
    struct seen seen = {0};
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "nadir-test-%d", (int)getpid());
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(server, (struct sockaddr *)&address, (socklen_t)(sizeof(sa_family_t) + 1 + (size_t)length)), 0);
    assert_int_equal(listen(server, 1), 0);
    char python[1000];
    (void)snprintf(python, sizeof(python),
                   "import socket, os\n"
                   "for f in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET):\n"
                   "  try: socket.socket(f, socket.SOCK_STREAM if f in (2, 10) else socket.SOCK_RAW); print('OPEN', f)\n"
                   "  except OSError as e: print('refused', e.errno)\n"
                   "try: socket.socket(socket.AF_UNIX).connect('\\0nadir-test-%d'); print('OPEN abstract')\n"
                   "except OSError as e: print('refused', e.errno)\n"
                   "print(open('/proc/net/dev').read().count(':'), 'devices')\n",
                   (int)getpid());
    struct sandbox_end end = run(python, &seen);
    close(server);
    assert_int_equal(end.reason, SANDBOX_DONE);
    assert_null(strstr(seen.text, "OPEN"));
    assert_non_null(strstr(seen.text, "1 devices"));
}

static void test_files_and_secrets(void **state) {
    struct seen seen = {0};
    (void)state;
    char python[2000], path[128];
    (void)snprintf(path, sizeof(path), "%s/secret", home);
    int fd = open(path, O_CREAT | O_WRONLY, 0644);
    assert_int_equal(write(fd, "hunter2", 7), 7);
    close(fd);
    (void)setenv("NADIR_TEST_SECRET", "hunter2", 1);
    (void)snprintf(python, sizeof(python),
                   "import os, glob\n"
                   "for p in ('%s', '/etc/passwd', '/etc/shadow', '/root', '/var', '/home', '/work', '/proc/1/root%s'):\n"
                   "  try: os.stat(p); print('SEEN', p)\n"
                   "  except OSError as e: print('refused', e.errno)\n"
                   "for p in glob.glob('/proc/[0-9]*/environ'):\n"
                   "  try: print('LEAK' if b'hunter2' in open(p, 'rb').read() else 'clean')\n"
                   "  except OSError as e: print('refused', e.errno)\n"
                   "print(sorted(os.environ))\n",
                   path, path);
    struct sandbox_end end = run(python, &seen);
    assert_int_equal(end.reason, SANDBOX_DONE);
    assert_null(strstr(seen.text, "SEEN"));
    assert_null(strstr(seen.text, "LEAK"));
    assert_null(strstr(seen.text, "NADIR"));
}

static void test_inputs_cannot_be_written(void **state) {
    struct seen seen = {0};
    (void)state;
    struct sandbox_end end =
        run("import os\n"
            "tries = [lambda: open('/in/scene.txt', 'a'), lambda: open('/in/new', 'w'), lambda: os.unlink('/in/scene.txt'),\n"
            "  lambda: os.chmod('/in/scene.txt', 0o777), lambda: os.rename('/in/scene.txt', '/out/x'),\n"
            "  lambda: os.link('/in/scene.txt', '/out/hard'), lambda: open('/usr/x', 'w'), lambda: open('/x', 'w'),\n"
            "  lambda: open('/dev/x', 'w'), lambda: os.mkdir('/etc/x'), lambda: os.truncate('/in/scene.txt', 0)]\n"
            "for i, t in enumerate(tries):\n"
            "  try: t(); print('DONE', i)\n"
            "  except OSError as e: print('refused', e.errno)\n"
            "print(open('/in/scene.txt').read())\n",
            &seen);
    assert_int_equal(end.reason, SANDBOX_DONE);
    assert_null(strstr(seen.text, "DONE"));
    assert_non_null(strstr(seen.text, "precious"));
}

static void test_kernel_doors_are_shut(void **state) {
    struct seen seen = {0};
    (void)state;
    /* unshare(NEWUSER), mount, ptrace(TRACEME), keyctl, bpf, io_uring_setup, userfaultfd, clone(NEWUSER) by number */
    struct sandbox_end end =
        run("import ctypes, os\n"
            "c = ctypes.CDLL(None, use_errno=True)\n"
            "for n, a in ((272, (0x10000000,)), (165, (0, 0, 0, 0, 0)), (101, (0,)), (250, (0,)), (321, (0, 0, 0)),\n"
            "    (425, (8, 0)), (323, (0,)), (435, (0, 0)), (56, (0x10000011, 0, 0, 0, 0)), (310, (1, 0, 0, 0, 0, 0))):\n"
            "  r = c.syscall(n, *a)\n"
            "  if n == 56 and r == 0: os._exit(0)\n"
            "  print('refused' if r == -1 and ctypes.get_errno() in (1, 38) else 'OPEN', n, ctypes.get_errno())\n"
            "s = open('/proc/self/status').read()\n"
            "print([l for l in s.splitlines() if l.startswith(('CapEff', 'CapBnd', 'NoNewPrivs', 'Seccomp:'))])\n",
            &seen);
    assert_int_equal(end.reason, SANDBOX_DONE);
    assert_null(strstr(seen.text, "OPEN"));
    assert_non_null(strstr(seen.text, "CapEff:\\t0000000000000000"));
    assert_non_null(strstr(seen.text, "NoNewPrivs:\\t1"));
    assert_non_null(strstr(seen.text, "Seccomp:\\t2"));
}

/* ---- what is bounded ---- */

static void test_endless_loop(void **state) {
    struct seen seen = {0};
    struct limits l = usual;
    (void)state;
    l.seconds = 1;
    struct sandbox_end end = run_with("while True: pass", l, &seen);
    assert_int_equal(end.reason, SANDBOX_TIMEOUT);
    assert_true(end.seconds < 3);
    end = run_with("import time, signal\nfor s in (1, 2, 15): signal.signal(s, signal.SIG_IGN)\ntime.sleep(100)", l, &seen);
    assert_int_equal(end.reason, SANDBOX_TIMEOUT);
}

static void test_memory_hog(void **state) {
    struct seen seen = {0};
    (void)state;
    struct sandbox_end end = run("a = []\nwhile True: a.append(bytearray(4 << 20))", &seen);
    assert_int_equal(end.reason, SANDBOX_OOM);
    assert_int_equal(end.memory_by, SANDBOX_RLIMIT);
    end = run("bytearray(8 << 30)", &seen); /* at once */
    assert_int_equal(end.reason, SANDBOX_OOM);
    /* shared among many, none of which is over the bound alone */
    end = run("import os, time\nfor i in range(6):\n  if os.fork() == 0:\n    a = bytearray(os.urandom(1) * (80 << 20)); "
              "time.sleep(60)\ntime.sleep(60)",
              &seen);
    assert_int_equal(end.reason, SANDBOX_OOM);
    /* and pages that are shared are not counted for each sharer */
    end = run("import os, time\na = bytearray(os.urandom(1) * (100 << 20))\nc = [os.fork() for i in range(1)]\nif 0 in c: "
              "time.sleep(1); os._exit(0)\n"
              "p = [0] * 4\nfor i in range(4):\n  p[i] = os.fork()\n  if p[i] == 0: time.sleep(1); os._exit(0)\nfor i in "
              "range(5): os.wait()\nprint('fair')",
              &seen);
    assert_int_equal(end.reason, SANDBOX_DONE);
    assert_non_null(strstr(seen.text, "fair"));
}

static void test_memory_hog_in_a_cgroup(void **state) {
    struct seen seen = {0};
    struct limits l = usual;
    (void)state;
    if (!group[0]) skip();
    l.cgroup = group;
    struct sandbox_end end = run_with("a = []\nwhile True: a.append(bytearray(4 << 20))", l, &seen);
    assert_int_equal(end.reason, SANDBOX_OOM);
    assert_int_equal(end.memory_by, SANDBOX_CGROUP1);
    assert_true(end.memory_peak > 200 * MIB && end.memory_peak <= 256 * MIB);
    end = run_with("print(1)", l, &seen);
    assert_int_equal(end.reason, SANDBOX_DONE);
    struct stat st;
    assert_int_equal(stat(group, &st), 0);
    assert_int_equal(st.st_nlink, 2); /* no child group was left behind */
}

static void test_hidden_memory(void **state) {
    struct seen seen = {0};
    (void)state;
    /* tmpfs is memory too: /dev/shm has a size, and /dev and / cannot be written */
    struct sandbox_end end = run("try:\n  f = open('/dev/shm/x', 'wb')\n  while True: f.write(b'x' * 1048576)\nexcept OSError "
                                 "as e: print('full', f.tell() >> 20)",
                                 &seen);
    assert_int_equal(end.reason, SANDBOX_DONE);
    assert_non_null(strstr(seen.text, "full"));
    assert_true(strtol(strstr(seen.text, "full") + 5, NULL, 10) <= 16);
}

static void test_fork_bomb(void **state) {
    struct seen seen = {0};
    struct limits l = usual;
    (void)state;
    l.seconds = 3;
    struct sandbox_end end =
        run_with("import os\nn = 0\nwhile True:\n  try: os.fork(); n += 1\n  except OSError: pass\n", l, &seen);
    assert_int_equal(end.reason, SANDBOX_TIMEOUT);
    end = run("import os, time\nn = 0\ntry:\n  while True:\n    if os.fork() == 0: time.sleep(20); os._exit(0)\n    n += "
              "1\nexcept OSError: print('forked', n)",
              &seen);
    assert_int_equal(end.reason, SANDBOX_DONE);
    assert_non_null(strstr(seen.text, "forked"));
    assert_in_range(strtol(strstr(seen.text, "forked") + 7, NULL, 10), 1, 24);
    assert_int_equal(processes_with("forked"), 0);
}

static void test_disk_filler(void **state) {
    struct seen seen = {0};
    (void)state;
    struct sandbox_end end = run("f = open('/out/big', 'wb')\nwhile True: f.write(b'x' * 1048576)", &seen);
    assert_int_equal(end.reason, SANDBOX_DISK);
    fresh(NULL);
    end = run("i = 0\nwhile True:\n  open('/out/%d' % i, 'wb').write(b'x' * 1048576); i += 1", &seen);
    assert_int_equal(end.reason, SANDBOX_DISK);
    fresh(NULL);
    end = run("i = 0\nwhile True:\n  open('/out/%d' % i, 'w'); i += 1", &seen); /* only names */
    assert_int_equal(end.reason, SANDBOX_DISK);
    fresh(NULL);
    end = run("open('/out/sparse', 'wb').truncate(31 << 20)\nfor i in range(9): open('/out/s%d' % i, 'wb').truncate(9 << 20)",
              &seen);
    assert_int_equal(end.reason, SANDBOX_DISK);
}

static void test_daemons_die_with_it(void **state) {
    struct seen seen = {0};
    (void)state;
    struct sandbox_end end = run("import os, time\n"
                                 "for i in range(5):\n"
                                 "  if os.fork() == 0:\n"
                                 "    os.setsid()\n"
                                 "    if os.fork() == 0:\n"
                                 "      for fd in range(3): os.close(fd)\n"
                                 "      while True: open('/out/tick', 'a').write('.'); time.sleep(0.01)\n"
                                 "    os._exit(0)\n"
                                 "time.sleep(0.5)\nprint('parent ends')",
                                 &seen);
    struct stat a, b;
    char path[128];
    assert_int_equal(end.reason, SANDBOX_DONE);
    (void)snprintf(path, sizeof(path), "%s/tick", out);
    assert_int_equal(stat(path, &a), 0);
    nap_ms(300);
    assert_int_equal(stat(path, &b), 0);
    assert_int_equal(a.st_size, b.st_size);
}

static void test_giant_output(void **state) {
    struct seen seen = {0};
    (void)state;
    struct sandbox_end end =
        run("import sys\nfor i in range(200): sys.stdout.write('x' * 1048576)\nsys.stderr.write('end')", &seen);
    assert_int_equal(end.reason, SANDBOX_DONE);
    assert_int_equal(seen.total, 200 * MIB + 3);
}

static void test_stopped_by_the_watch(void **state) {
    struct seen seen = {.stop_at = "now"};
    (void)state;
    struct sandbox_end end = run("import time\nprint('now', flush=True)\ntime.sleep(60)", &seen);
    assert_int_equal(end.reason, SANDBOX_STOPPED);
    assert_true(end.seconds < 10);
}

/* kill -9 of the runner takes the sandbox along. */
static void test_dies_with_its_launcher(void **state) {
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        struct seen *seen = calloc(1, sizeof(*seen));
        (void)run("import time # kill-the-launcher\ntime.sleep(60)", seen);
        _exit(0);
    }
    for (int i = 0; i < 100 && processes_with("kill-the-launcher") < 3; i++) nap_ms(50);
    assert_true(processes_with("kill-the-launcher") >= 3);
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    for (int i = 0; i < 100 && processes_with("kill-the-launcher") > 0; i++) nap_ms(50);
    assert_int_equal(processes_with("kill-the-launcher"), 0);
}

/* ---- what it leaves behind ---- */

static void test_links_are_not_followed(void **state) {
    struct seen seen = {0};
    (void)state;
    char python[600], canary[128];
    (void)snprintf(canary, sizeof(canary), "%s/canary", home);
    assert_int_equal(mkdir(canary, 0755), 0);
    (void)snprintf(python, sizeof(python),
                   "import os\nos.symlink('%s', '/out/link')\nos.symlink('/etc/passwd', '/out/result.tif')\n"
                   "os.makedirs('/out/a/b/c')\nopen('/out/a/b/c/f', 'w')\nos.chmod('/out/a/b', 0)\nos.chmod('/out/a', "
                   "0o100)\nos.mkfifo('/out/fifo')",
                   canary);
    struct sandbox_end end = run(python, &seen);
    assert_int_equal(end.reason, SANDBOX_DONE);
    struct tree_size size;
    tree_measure(out, 1000000, 1000, &size);
    assert_int_equal(size.bytes, 0);
    assert_int_equal(tree_remove(out), 0);
    assert_int_equal(access(out, F_OK), -1);
    assert_int_equal(rmdir(canary), 0);
    assert_int_equal(access("/etc/passwd", F_OK), 0);
}

/* ---- */

static void test_bad_boxes(void **state) {
    (void)state;
    struct seen seen = {0};
    struct sandbox_end end;
    struct sandbox box = {0};
    assert_int_equal(sandbox_run(&box, watch, &seen, &end), NADIR_EINVAL);
    const char *const argv[] = {"/usr/bin/true", NULL};
    box = (struct sandbox){.argv = argv, .memory = 64 * MIB, .disk = MIB, .seconds = 5, .processes = 8};
    assert_int_equal(sandbox_mount(&box, "/nonexistent", "/in", false), 0);
    assert_int_equal(sandbox_run(&box, watch, &seen, &end), NADIR_EINVAL);
    for (size_t i = 0; i < SANDBOX_MOUNTS - 1; i++) assert_int_equal(sandbox_mount(&box, "/usr", "/in", false), 0);
    assert_int_equal(sandbox_mount(&box, "/usr", "/in", false), NADIR_ETOOLARGE);
}

static int prepare(void) {
    (void)snprintf(home, sizeof(home), "/tmp/nadir-sandbox-XXXXXX");
    if (!mkdtemp(home) || chmod(home, 0755)) return -1;
    (void)snprintf(in, sizeof(in), "%s/in", home);
    (void)snprintf(out, sizeof(out), "%s/out", home);
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/scene.txt", in);
    if (mkdir(in, 0777) || mkdir(out, 0755)) return -1;
    int fd = open(path, O_CREAT | O_WRONLY, 0666);
    bool made = fd >= 0 && write(fd, "precious", 8) == 8;
    if (fd >= 0) close(fd);
    return made ? 0 : -1;
}

/* The sandbox is for users without rights: root makes a memory cgroup, and then a child that is nobody runs the tests. */
static int as_nobody(int (*tests)(void)) {
    (void)snprintf(group, sizeof(group), "/sys/fs/cgroup/memory/nadir-test-%d", (int)getpid());
    if (mkdir(group, 0755) || chown(group, NOBODY, NOBODY)) group[0] = 0;
    pid_t pid = fork();
    if (pid == 0) {
        if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY)) exit(1);
        exit(tests());
    }
    int status = 1;
    (void)waitpid(pid, &status, 0);
    if (group[0]) (void)rmdir(group);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int sandbox_tests(void) {
    if (prepare()) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_done, fresh),
        cmocka_unit_test_setup(test_exit_and_signal, fresh),
        cmocka_unit_test_setup(test_libraries_work, fresh),
        cmocka_unit_test_setup(test_nothing_of_the_launcher_is_left_open, fresh),
        cmocka_unit_test_setup(test_network, fresh),
        cmocka_unit_test_setup(test_files_and_secrets, fresh),
        cmocka_unit_test_setup(test_inputs_cannot_be_written, fresh),
        cmocka_unit_test_setup(test_kernel_doors_are_shut, fresh),
        cmocka_unit_test_setup(test_endless_loop, fresh),
        cmocka_unit_test_setup(test_memory_hog, fresh),
        cmocka_unit_test_setup(test_memory_hog_in_a_cgroup, fresh),
        cmocka_unit_test_setup(test_hidden_memory, fresh),
        cmocka_unit_test_setup(test_fork_bomb, fresh),
        cmocka_unit_test_setup(test_disk_filler, fresh),
        cmocka_unit_test_setup(test_daemons_die_with_it, fresh),
        cmocka_unit_test_setup(test_giant_output, fresh),
        cmocka_unit_test_setup(test_stopped_by_the_watch, fresh),
        cmocka_unit_test_setup(test_dies_with_its_launcher, fresh),
        cmocka_unit_test_setup(test_links_are_not_followed, fresh),
        cmocka_unit_test_setup(test_bad_boxes, fresh),
    };
    int failed = cmocka_run_group_tests_name("processing_sandbox", tests, NULL, NULL);
    (void)tree_remove(home);
    return failed;
}

int main(void) {
    return geteuid() == 0 ? as_nobody(sandbox_tests) : sandbox_tests();
}
