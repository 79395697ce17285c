#define _GNU_SOURCE
#include "CFuse.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>
#if FUSE_VERSION < FUSE_MAKE_VERSION(3, 17)
#include <linux/fuse.h>
#endif

/* What the Swift side relies on. */
_Static_assert(sizeof(off_t) == 8, "offsets are 64 bits wide");
_Static_assert(sizeof(fuse_ino_t) == 8, "inode numbers are 64 bits wide");
_Static_assert(sizeof(((struct fuse_file_info *)0)->fh) == 8, "handles are 64 bits wide");
_Static_assert(sizeof(((struct fuse_entry_param *)0)->generation) == 8, "generations are 64 bits wide");
_Static_assert(sizeof(struct fuse_forget_data) == 16, "a forget is an inode and a count");
_Static_assert(CFUSE_RENAME_NOREPLACE == RENAME_NOREPLACE && CFUSE_RENAME_EXCHANGE == RENAME_EXCHANGE, "renameat2");
_Static_assert(CFUSE_FALLOC_FL_KEEP_SIZE == FALLOC_FL_KEEP_SIZE, "fallocate");
_Static_assert(CFUSE_FALLOC_FL_PUNCH_HOLE == FALLOC_FL_PUNCH_HOLE, "fallocate");
_Static_assert(CFUSE_FALLOC_FL_ZERO_RANGE == FALLOC_FL_ZERO_RANGE, "fallocate");
_Static_assert(CFUSE_SEEK_DATA == SEEK_DATA && CFUSE_SEEK_HOLE == SEEK_HOLE, "lseek");
_Static_assert((int)CFUSE_XATTR_CREATE == (int)XATTR_CREATE && (int)CFUSE_XATTR_REPLACE == (int)XATTR_REPLACE,
               "setxattr");
_Static_assert(FUSE_VERSION >= FUSE_MAKE_VERSION(3, 14), "libfuse 3.14 or newer");

/* SIGURG is ignored by default, so a stray one hurts nobody. */
#define CFUSE_WAKE_SIGNAL SIGURG

struct fuse_session *cfuse_session_new(int argc, char **argv, const struct cfuse_operations *operations,
                                       void *userdata) {
    struct fuse_args arguments = FUSE_ARGS_INIT(argc, argv);
    const struct fuse_lowlevel_ops table = {
        .init = operations->init,
        .lookup = operations->lookup,
        .forget = operations->forget,
        .forget_multi = operations->forget_multi,
        .getattr = operations->getattr,
        .open = operations->open,
        .read = operations->read,
        .release = operations->release,
        .opendir = operations->opendir,
        .readdir = operations->readdir,
        .readdirplus = operations->readdirplus,
        .releasedir = operations->releasedir,
        .statfs = operations->statfs,
        .getxattr = operations->getxattr,
        .listxattr = operations->listxattr,
        .setattr = operations->setattr,
        .create = operations->create,
        .mknod = operations->mknod,
        .mkdir = operations->mkdir,
        .symlink = operations->symlink,
        .readlink = operations->readlink,
        .link = operations->link,
        .unlink = operations->unlink,
        .rmdir = operations->rmdir,
        .rename = operations->rename,
        .write = operations->write,
        .flush = operations->flush,
        .fsync = operations->fsync,
        .fsyncdir = operations->fsyncdir,
        .fallocate = operations->fallocate,
        .lseek = operations->lseek,
        .copy_file_range = operations->copy_file_range,
        .setxattr = operations->setxattr,
        .removexattr = operations->removexattr,
    };
    struct fuse_session *session = fuse_session_new(&arguments, &table, sizeof(table), userdata);
    fuse_opt_free_args(&arguments);
    return session;
}

#if FUSE_VERSION < FUSE_MAKE_VERSION(3, 17)
/* init and the answer to it follow each other on one thread. */
static _Thread_local bool init_answer_follows;

static ssize_t device_read(int fd, void *buffer, size_t length, void *userdata) {
    (void)userdata;
    return read(fd, buffer, length);
}

static ssize_t device_writev(int fd, struct iovec *parts, int count, void *userdata) {
    (void)userdata;
    if (init_answer_follows) {
        init_answer_follows = false;
        /* A header and the answer; an error is a header alone. */
        if (count == 2 && parts[1].iov_len >= offsetof(struct fuse_init_out, flags) + sizeof(uint32_t)) {
            struct fuse_init_out *answer = parts[1].iov_base;
            answer->flags |= FUSE_PARALLEL_DIROPS;
        }
    }
    return writev(fd, parts, count);
}
#endif

int cfuse_session_mount(struct fuse_session *session, const char *path) {
    if (fuse_session_mount(session, path) != 0) return -1;
#if FUSE_VERSION < FUSE_MAKE_VERSION(3, 17)
    const struct fuse_custom_io device = {.read = device_read, .writev = device_writev};
    if (fuse_session_custom_io(session, &device, fuse_session_fd(session)) != 0) {
        fuse_session_unmount(session);
        return -1;
    }
#endif
    return 0;
}

int cfuse_session_loop(struct fuse_session *session, bool clone_fd, unsigned max_threads) {
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    if (config == NULL) return -ENOMEM;
    fuse_loop_cfg_set_clone_fd(config, clone_fd ? 1 : 0);
    fuse_loop_cfg_set_max_threads(config, max_threads);
    int result = fuse_session_loop_mt(session, config);
    fuse_loop_cfg_destroy(config);
    return result;
}

static void cfuse_want(struct fuse_conn_info *connection, uint64_t capability, bool wanted) {
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 17)
    if (wanted) {
        (void)fuse_set_feature_flag(connection, capability); /* false: the kernel cannot, and need not */
    } else {
        fuse_unset_feature_flag(connection, capability);
    }
#else
    if (wanted) {
        connection->want |= (unsigned)capability & connection->capable;
    } else {
        connection->want &= ~(unsigned)capability;
    }
#endif
}

void cfuse_configure(struct fuse_conn_info *connection, const struct cfuse_connection_settings *settings) {
    connection->max_read = settings->max_read_bytes;
    if (connection->max_write > settings->max_write_bytes) connection->max_write = settings->max_write_bytes;
    connection->max_background = settings->max_background;
    connection->congestion_threshold = settings->max_background;
    connection->time_gran = settings->time_granularity_ns;
    cfuse_want(connection, FUSE_CAP_ASYNC_READ, true);
    cfuse_want(connection, FUSE_CAP_PARALLEL_DIROPS, true);
#if FUSE_VERSION < FUSE_MAKE_VERSION(3, 17)
    init_answer_follows = (connection->capable & FUSE_CAP_PARALLEL_DIROPS) != 0;
#endif
    cfuse_want(connection, FUSE_CAP_READDIRPLUS, true);
    /* Adaptive readdirplus with cached listings would cost one lookup an entry. */
    cfuse_want(connection, FUSE_CAP_READDIRPLUS_AUTO, false);
    /* No handle survives a restart of ours, so none is promised to NFS. */
    cfuse_want(connection, FUSE_CAP_EXPORT_SUPPORT, false);
    /* Asynchronous direct reads are waited for in a sleep that no signal ends: Ctrl-C would not work. */
    cfuse_want(connection, FUSE_CAP_ASYNC_DIO, false);
    /* Pages of another size or mtime are dropped: never two versions of a file mixed. */
    cfuse_want(connection, FUSE_CAP_AUTO_INVAL_DATA, true);
    /* O_TRUNC comes with open, not as a truncation before it. */
    cfuse_want(connection, FUSE_CAP_ATOMIC_O_TRUNC, true);
    /* A write is with us before it returns: nothing waits in the kernel that a crash could lose. */
    cfuse_want(connection, FUSE_CAP_WRITEBACK_CACHE, false);
    /* The kernel applies the umask and takes the set-user-ID bits away itself. */
    cfuse_want(connection, FUSE_CAP_DONT_MASK, false);
    cfuse_want(connection, FUSE_CAP_HANDLE_KILLPRIV, false);
#ifdef FUSE_CAP_HANDLE_KILLPRIV_V2
    cfuse_want(connection, FUSE_CAP_HANDLE_KILLPRIV_V2, false);
#endif
    /* Bytes go through memory of ours in both directions. */
    cfuse_want(connection, FUSE_CAP_SPLICE_READ, false);
    cfuse_want(connection, FUSE_CAP_SPLICE_WRITE, false);
    cfuse_want(connection, FUSE_CAP_SPLICE_MOVE, false);
}

void cfuse_arm_interrupt(fuse_req_t request, cfuse_interrupt_handler handler, void *context) {
    fuse_req_interrupt_func(request, handler, context);
}

void cfuse_disarm_interrupt(fuse_req_t request) { fuse_req_interrupt_func(request, NULL, NULL); }

bool cfuse_is_direct(int open_flags) { return (open_flags & O_DIRECT) != 0; }

int cfuse_notify_every_entry(struct fuse_session *session) {
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 18)
    return fuse_lowlevel_notify_increment_epoch(session);
#else
    (void)session;
    return -ENOSYS;
#endif
}

static cfuse_log_handler _Nullable current_log_handler;

static void format_log(enum fuse_log_level level, const char *format, va_list arguments) {
    char message[512];
    vsnprintf(message, sizeof(message), format, arguments);
    cfuse_log_handler handler = __atomic_load_n(&current_log_handler, __ATOMIC_ACQUIRE);
    if (handler) handler((int)level, message);
}

void cfuse_set_log_handler(cfuse_log_handler handler) {
    __atomic_store_n(&current_log_handler, handler, __ATOMIC_RELEASE);
    fuse_set_log_func(format_log);
}

int cfuse_mounted_device(const char *path, unsigned *major, unsigned *minor) {
    struct statx answer;
    if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, 0, &answer) != 0) return errno;
    *major = answer.stx_dev_major;
    *minor = answer.stx_dev_minor;
    return 0;
}

int cfuse_event_descriptor(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static void ignore_signal(int number) { (void)number; }

void cfuse_prepare_wake_signal(void) {
    struct sigaction present;
    if (sigaction(CFUSE_WAKE_SIGNAL, NULL, &present) != 0) return;
    if (present.sa_handler != SIG_DFL && present.sa_handler != SIG_IGN) return;
    struct sigaction wanted = {.sa_handler = ignore_signal}; /* without SA_RESTART: the point is EINTR */
    sigemptyset(&wanted.sa_mask);
    (void)sigaction(CFUSE_WAKE_SIGNAL, &wanted, NULL);
}

int cfuse_wake_thread(pthread_t thread) { return pthread_kill(thread, CFUSE_WAKE_SIGNAL); }

void cfuse_enter_thread(const char *name, bool wakeable) {
    (void)pthread_setname_np(pthread_self(), name);
    sigset_t set;
    sigfillset(&set);
    if (wakeable) sigdelset(&set, CFUSE_WAKE_SIGNAL);
    (void)pthread_sigmask(SIG_SETMASK, &set, NULL);
}
