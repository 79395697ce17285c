import Drive

/// What the object store's answer to a part means (contract 7.5).
enum PartAnswer: Hashable, Sendable {
    /// It is there, from now on or from before.
    case stored
    case failed(PartFailure)

    init(status: Int, body: [UInt8]) {
        let text = String(decoding: body, as: UTF8.self)
        self =
            switch status {
            case 200...299: .stored
            case 408, 429, 500...599: .failed(.throttled(status: status))
            default: Self.refused(status, StoreError.element("Code", in: text), text)
            }
    }

    private static func refused(_ status: Int, _ code: String?, _ text: String) -> PartAnswer {
        switch (status, code) {
        case (409, "PartAlreadyExist"): .stored
        case (400...499, "PartNotSequential"):
            .failed(.notSequential(expected: StoreError.element("PartNumber", in: text).flatMap { Int($0) }))
        case (404, "NoSuchUpload"): .failed(.sessionGone)
        // The store waited too long for bytes.
        case (400, "RequestTimeout"): .failed(.cut("RequestTimeout"))
        case (403, _) where text.contains("ExceedMaxConcurrency"): .failed(.throttled(status: status))
        // The text is matched because the code alone does not tell (contract 6.4); without a readable body the
        // likeliest cause is age.
        case (403, _) where code == nil || text.contains("Request has expired"): .failed(.expired)
        default: .failed(.denied(code ?? "HTTP \(status)"))
        }
    }
}
