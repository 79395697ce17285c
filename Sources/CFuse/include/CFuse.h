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
