/*
 * What Swift cannot say to libfuse: macros, versioned symbols, va_list and feature tests. No logic lives here.
 */
#ifndef CFUSE_H
#define CFUSE_H

#include "../../CLibfuse/clibfuse.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/* ---- Session ------------------------------------------------------------------------------------------------ */

/* The operations of ours; what is not here answers ENOSYS, which tells the kernel never to ask again. */
struct cfuse_operations {
    void (*init)(void *userdata, struct fuse_conn_info *connection);
    void (*lookup)(fuse_req_t request, fuse_ino_t parent, const char *name);
    void (*forget)(fuse_req_t request, fuse_ino_t inode, uint64_t lookups);
    void (*forget_multi)(fuse_req_t request, size_t count, struct fuse_forget_data *forgets);
    void (*getattr)(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *_Nullable info);
    void (*open)(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info);
    void (*read)(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset, struct fuse_file_info *info);
    void (*release)(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info);
    void (*opendir)(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info);
    void (*readdir)(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset, struct fuse_file_info *info);
    void (*readdirplus)(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset, struct fuse_file_info *info);
    void (*releasedir)(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info);
    void (*statfs)(fuse_req_t request, fuse_ino_t inode);
    void (*getxattr)(fuse_req_t request, fuse_ino_t inode, const char *name, size_t size);
    void (*listxattr)(fuse_req_t request, fuse_ino_t inode, size_t size);
    void (*setattr)(fuse_req_t request, fuse_ino_t inode, struct stat *attributes, int to_set,
                    struct fuse_file_info *_Nullable info);
    void (*create)(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *info);
    void (*mknod)(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode, dev_t device);
    void (*mkdir)(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode);
    void (*symlink)(fuse_req_t request, const char *target, fuse_ino_t parent, const char *name);
    void (*readlink)(fuse_req_t request, fuse_ino_t inode);
    void (*link)(fuse_req_t request, fuse_ino_t inode, fuse_ino_t new_parent, const char *new_name);
    void (*unlink)(fuse_req_t request, fuse_ino_t parent, const char *name);
    void (*rmdir)(fuse_req_t request, fuse_ino_t parent, const char *name);
    void (*rename)(fuse_req_t request, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
                   const char *new_name, unsigned flags);
    void (*write)(fuse_req_t request, fuse_ino_t inode, const char *bytes, size_t size, off_t offset,
                  struct fuse_file_info *info);
    void (*flush)(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info);
    void (*fsync)(fuse_req_t request, fuse_ino_t inode, int data_only, struct fuse_file_info *info);
    void (*fsyncdir)(fuse_req_t request, fuse_ino_t inode, int data_only, struct fuse_file_info *info);
    void (*fallocate)(fuse_req_t request, fuse_ino_t inode, int mode, off_t offset, off_t length,
                      struct fuse_file_info *info);
    void (*lseek)(fuse_req_t request, fuse_ino_t inode, off_t offset, int whence, struct fuse_file_info *info);
    void (*copy_file_range)(fuse_req_t request, fuse_ino_t source, off_t source_offset,
                            struct fuse_file_info *source_info, fuse_ino_t target, off_t target_offset,
                            struct fuse_file_info *target_info, size_t length, int flags);
    void (*setxattr)(fuse_req_t request, fuse_ino_t inode, const char *name, const char *value, size_t size,
                     int flags);
    void (*removexattr)(fuse_req_t request, fuse_ino_t inode, const char *name);
};

/* fuse_session_new is an inline function behind a macro in newer libfuse. Copies `operations` and the arguments;
 * NULL when an option is not understood, the reason then went to the log handler. */
struct fuse_session *_Nullable cfuse_session_new(int argc, char *_Nonnull *_Nonnull argv,
                                                 const struct cfuse_operations *operations, void *userdata);

/* Mounts. Before 3.17 libfuse forgets to tell the kernel that lookups in one folder may run side by side: a stalled
 * one would hold up all others there, in a sleep that no signal ends. So our own write function mends the answer to
 * INIT; it may go when Debian has 3.17. Returns 0, or -1 with the reason in the log. */
int cfuse_session_mount(struct fuse_session *session, const char *path);

/* fuse_session_loop_mt is a macro over a versioned symbol. Returns 0 or a negative or positive errno. */
int cfuse_session_loop(struct fuse_session *session, bool clone_fd, unsigned max_threads);

/* ---- Connection --------------------------------------------------------------------------------------------- */

struct cfuse_connection_settings {
    uint32_t max_read_bytes;
    uint32_t max_write_bytes;
    uint32_t max_background;
    uint32_t time_granularity_ns;
};

/* Called inside init: chooses the capabilities (32-bit flags up to libfuse 3.16, 64-bit ones from 3.17). */
void cfuse_configure(struct fuse_conn_info *connection, const struct cfuse_connection_settings *settings);

/* ---- Requests ----------------------------------------------------------------------------------------------- */

typedef void (*cfuse_interrupt_handler)(fuse_req_t _Nonnull request, void *_Nullable context);

/* Arms the interrupt handler of a request; may call it at once. */
void cfuse_arm_interrupt(fuse_req_t request, cfuse_interrupt_handler handler, void *_Nullable context);
/* Disarms it, and waits for a call in progress. */
void cfuse_disarm_interrupt(fuse_req_t request);

/* O_DIRECT needs _GNU_SOURCE and differs between processors. */
bool cfuse_is_direct(int open_flags);

/* What the kernel's requests carry, by the names of its headers; those that need _GNU_SOURCE Swift does not see. */
enum {
    CFUSE_RENAME_NOREPLACE = 1 << 0,
    CFUSE_RENAME_EXCHANGE = 1 << 1,
    CFUSE_FALLOC_FL_KEEP_SIZE = 1 << 0,
    CFUSE_FALLOC_FL_PUNCH_HOLE = 1 << 1,
    CFUSE_FALLOC_FL_ZERO_RANGE = 1 << 4,
    CFUSE_SEEK_DATA = 3,
    CFUSE_SEEK_HOLE = 4,
    CFUSE_XATTR_CREATE = 1,
    CFUSE_XATTR_REPLACE = 2,
};

/* ---- Notifications ------------------------------------------------------------------------------------------ */

/* Makes the kernel doubt every name at once. -ENOSYS where libfuse at compile time or the kernel cannot. */
int cfuse_notify_every_entry(struct fuse_session *session);

/* ---- Surroundings ------------------------------------------------------------------------------------------- */

/* Receives libfuse's messages, formatted; a line may come in several pieces, and ends with a newline. May be called
 * on any thread. */
typedef void (*cfuse_log_handler)(int level, const char *message);
void cfuse_set_log_handler(cfuse_log_handler handler);

/* The device of the filesystem mounted at `path`, without a request to that filesystem. 0 or an errno. */
int cfuse_mounted_device(const char *path, unsigned *major, unsigned *minor);

/* An eventfd, closed on exec, not blocking; -1 and errno. Swift's Glibc does not have the header. */
int cfuse_event_descriptor(void);

/* Gives the wake-up signal an empty handler unless the program has one; it makes blocking calls return EINTR. */
void cfuse_prepare_wake_signal(void);
/* Sends the wake-up signal to one thread. */
int cfuse_wake_thread(pthread_t thread);
/* For the start of a thread of ours: names it (GNU's function) and blocks every signal there but, with `wakeable`,
 * the wake-up signal. */
void cfuse_enter_thread(const char *name, bool wakeable);

#pragma clang assume_nonnull end

#endif
