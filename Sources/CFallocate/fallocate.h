// What the C library has of sparse files and the Glibc module leaves out (GNU extensions).
#include <linux/falloc.h>
#include <sys/types.h>
extern int fallocate(int fd, int mode, off_t offset, off_t length);
static const int CFALLOCATE_SEEK_DATA = 3;
static const int CFALLOCATE_SEEK_HOLE = 4;
static const long CFALLOCATE_UTIME_OMIT = (1L << 30) - 2L;
