/// libfuse's session.
///
/// `@unchecked Sendable`: its supervisor alone makes and destroys it, after everybody else has let go of it, and
/// what is called meanwhile (loop, exit, notifications) may be called on any thread.
struct SessionPointer: @unchecked Sendable {
    let raw: OpaquePointer
    init(_ raw: OpaquePointer) { self.raw = raw }
}
