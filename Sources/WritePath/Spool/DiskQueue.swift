import Dispatch

/// Runs calls that block for the disk on threads of their own, so that the threads of tasks stay free.
struct DiskQueue: Sendable {
    private let queue = DispatchQueue(label: "spool", attributes: .concurrent)

    func run<T: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> T
    ) async throws(Failure) -> T {
        let result = await withCheckedContinuation { (continuation: CheckedContinuation<Result<T, Failure>, Never>) in
            queue.async {
                let result: Result<T, Failure>
                do throws(Failure) {
                    result = .success(try body())
                } catch {
                    result = .failure(error)
                }
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }
}
