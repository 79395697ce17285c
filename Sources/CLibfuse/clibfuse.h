#ifndef CLIBFUSE_H
#define CLIBFUSE_H

/* The one place that chooses libfuse's interface: 3.12 is the newest that Debian 12's 3.14 offers. */
#define FUSE_USE_VERSION 312

#include <fuse_lowlevel.h>

#endif
