// What the C library has and the Glibc module leaves out: extended attributes, sparse files, two GNU extensions of
// starting a program.
#include <linux/falloc.h>
#include <spawn.h>
#include <sys/types.h>
#include <sys/xattr.h>
extern int fallocate(int fd, int mode, off_t offset, off_t length);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first);
static const int CLIBC_SPAWN_SETSID = 0x80;
static const int CLIBC_SEEK_DATA = 3;
static const int CLIBC_SEEK_HOLE = 4;
static const long CLIBC_UTIME_OMIT = (1L << 30) - 2L;
