// The C library's extended attributes, which the Glibc module leaves out.
#include <sys/xattr.h>
