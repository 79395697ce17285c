import CFuse
import Glibc

/// The end of a mount that somebody of ours still uses: an operation that does not stop when cancelled.
///
/// Nothing is freed, since its answer will come some day. libfuse's own unmounting is not used either: it closes the
/// descriptor, and that answer might then go to whatever file gets its number.
enum AbandonedMount {
    static func leave(_ session: SessionPointer, _ path: String) {
        // The number stays ours, and the kernel sees the device closed.
        let nowhere = open("/dev/null", O_RDWR | O_CLOEXEC)
        if nowhere >= 0 {
            dup2(nowhere, fuse_session_fd(session.raw))
            close(nowhere)
        }
        if umount2(path, Int32(MNT_DETACH)) != 0, errno == EPERM { askHelper(path) }
    }

    private static func askHelper(_ path: String) {
        let arguments = ["fusermount3", "-u", "-q", "-z", "--", path]
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var id: pid_t = 0
        guard posix_spawnp(&id, "fusermount3", nil, nil, &words, environ) == 0 else { return }
        waitpid(id, nil, 0)
    }
}
