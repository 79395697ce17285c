extension Emulator {
    /// Gives an entry a name that no path can spell (`a/b`, `..`, one far too long): the service is not known to
    /// refuse all of them, so a client must bear them.
    public func setName(_ path: String, to name: String, drive: String? = nil) throws(ControlError) {
        let isFound = world.with { state, now in
            let id = state.tree.find(path, drive: drive ?? world.configuration.defaultDrive)
            guard let id, let item = state.tree[id] else { return false }
            state.rename(item, to: Name(name), in: item.parent, now: now)
            return true
        }
        if !isFound { throw ControlError("nothing is at \(path)") }
    }
}
