import Glibc

// Operations on open files.
extension TwoTrees {
    func openFile() throws {
        if handles.count >= Self.handlesMax { try closeFile() }
        let path = path()
        var flags = choice([O_RDONLY, O_WRONLY, O_RDWR, O_RDWR])
        if chance(60) { flags |= O_CREAT }
        if chance(10) { flags |= O_EXCL | O_CREAT }
        if flags & O_ACCMODE != O_RDONLY {
            if chance(20) { flags |= O_TRUNC }
            if chance(20) { flags |= O_APPEND }
        }
        let mode = mode_t(choice([0o644, 0o600]))
        var descriptors: [Int32] = [-1, -1]
        let came = try both("open \(path) \(String(flags, radix: 8))") { side in
            let descriptor = open("\(root(side))/\(path)", flags | O_CLOEXEC, mode)
            descriptors[side.rawValue] = descriptor
            return descriptor < 0 ? .failed(errno) : .number(0)
        }
        if came == .number(0) {
            noteKnown(path)
            handles.append(Handle(descriptors: descriptors, flags: flags))
            note("opened as #\(descriptors[Side.reference.rawValue])")
            try compareStatus(path)
        }
    }

    func closeFile() throws {
        guard !handles.isEmpty else { return }
        let handle = handles.remove(at: number(0...handles.count - 1))
        try both("close #\(handle[.reference])") { side in Came(close(handle[side])) }
    }

    func closeAll() throws { while !handles.isEmpty { try closeFile() } }

    func write() throws {
        try onHandle("write") { handle, offset in
            let bytes = bytes(choice([1, number(1...5000), number(1...5000), number(1...140_000)]))
            return (
                "write \(bytes.count) at \(offset)",
                { side in Came(pwrite(handle[side], bytes, bytes.count, offset)) }
            )
        }
    }

    func read() throws {
        try onHandle("read") { handle, offset in
            let count = choice([1, number(1...5000), number(1...140_000)])
            let isFresh = chance(30)
            return ("read \(count) at \(offset)", { side in
                // What the kernel keeps proves nothing.
                if isFresh, side == .mount { posix_fadvise(handle[side], 0, 0, Int32(POSIX_FADV_DONTNEED)) }
                return Call.read(handle[side], count, at: offset)
            })
        }
    }

    func setSize() throws {
        try onHandle("ftruncate") { handle, offset in
            var before = stat()
            let isSame = fstat(handle[.reference], &before) == 0 && before.st_size == offset
            let size = isSame ? offset + 1 : offset
            return ("ftruncate \(size)", { side in Came(ftruncate(handle[side], size)) })
        }
    }

    func synchronize() throws {
        try onHandle("fsync") { handle, _ in ("fsync", { side in Came(fsync(handle[side])) }) }
    }

    /// Room, room without growth, a hole, zeros, zeros without growth. Whether that counts as a change where no byte
    /// becomes another one differs among filesystems.
    func allocate() throws {
        try onHandle("fallocate") { handle, offset in
            let (mode, count) = (Int32(choice([0, 1, 3, 16, 17])), number(1...60_000))
            return (
                "fallocate(\(mode)) \(count) at \(offset)",
                { side in
                    let came = Call.allocate(handle[side], mode: mode, offset, count)
                    futimens(handle[side], nil)
                    return came
                }
            )
        }
    }

    func copyRange() throws {
        guard handles.count > 1 else { return }
        let (from, to) = (choice(handles), choice(handles))
        if from[.reference] == to[.reference] { return }
        let isWhole = chance(60)
        let (offset, targetOffset) = isWhole ? (0, 0) : (self.offset(), self.offset())
        let count = isWhole ? 1 << 20 : number(1...100_000)
        var files = [stat(), stat()]
        guard fstat(from[.reference], &files[0]) == 0, fstat(to[.reference], &files[1]) == 0,
            files[0].st_ino != files[1].st_ino
        else { return }
        let words = "copy \(count) from #\(from[.reference]) at \(offset) to #\(to[.reference]) at \(targetOffset)"
        try both(words) { side in
            Call.copy(from[side], at: offset, to: to[side], at: targetOffset, count: count)
        }
        try compareStatus(of: to)
    }

    /// Shared memory of a file, changed and synced.
    func map() throws {
        guard let handle = handles.first(where: { $0.flags & O_ACCMODE == O_RDWR }) else { return }
        var file = stat()
        guard fstat(handle[.reference], &file) == 0, file.st_size > 0 else { return }
        let page = number(0...(Int(file.st_size) - 1) / 4096) * 4096
        let at = number(0...min(4095, Int(file.st_size) - page - 1))
        let value = UInt8(number(0...255))
        try both("map #\(handle[.reference]) and set \(page + at)") { side in
            guard let memory = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, handle[side], page),
                memory != MAP_FAILED
            else { return .failed(errno) }
            memory.storeBytes(of: value, toByteOffset: at, as: UInt8.self)
            let status = msync(memory, 4096, MS_SYNC)
            munmap(memory, 4096)
            return Came(status)
        }
    }

    /// Data and holes may lie elsewhere than in a directory, but what is passed over must be zeros.
    func seekData() throws {
        guard !handles.isEmpty else { return }
        let (handle, offset) = (choice(handles), offset())
        var file = stat()
        guard fstat(handle[.reference], &file) == 0, file.st_mode & S_IFMT == S_IFREG else { return }
        note("seek #\(handle[.reference]) from \(offset)")
        let (data, hole) = (lseek(handle[.mount], offset, 3), lseek(handle[.mount], offset, 4))
        let size = Int(file.st_size)
        if offset >= size {
            guard data == -1, hole == -1 else { throw difference("data \(data), hole \(hole) beyond the end \(size)") }
            return
        }
        guard (offset...size).contains(hole), data == -1 || (offset..<size).contains(data) else {
            throw difference("data \(data), hole \(hole) of \(size) bytes")
        }
        let end = data == -1 ? size : data
        guard handle.flags & O_ACCMODE != O_WRONLY,
            case .bytes(let skipped) = Call.read(handle[.reference], end - offset, at: offset)
        else { return }
        guard skipped.allSatisfy({ $0 == 0 }) else { throw difference("data before \(end) was passed over") }
    }

    private func onHandle(_ what: String, _ make: (Handle, Int) -> (String, (Side) -> Came)) throws {
        guard !handles.isEmpty else { return try openFile() }
        let handle = choice(handles)
        let (words, call) = make(handle, offset())
        try both("\(words) #\(handle[.reference])", call)
        try compareStatus(of: handle)
    }

    private func compareStatus(of handle: Handle) throws {
        var found = [stat(), stat()]
        try both("fstat #\(handle[.reference])") { side in Came(fstat(handle[side], &found[side.rawValue])) }
        try compare(found[0], found[1], "#\(handle[.reference])")
    }
}
