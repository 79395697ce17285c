import Drive

extension DriveError {
    /// For logs and `status`: no secrets, one line.
    var words: String {
        switch self {
        case .unreachable(let words), .loginRequired(let words), .misconfigured(let words), .malformedAnswer(let words):
            words
        case .untrusted(let words): "the certificate is not trusted (\(words))"
        case .cancelled: "cancelled"
        case .deadlinePassed: "out of time"
        case .accessDenied(let refusal), .accountRestricted(let refusal), .driveLocked(let refusal),
            .notFound(let refusal), .inRecycleBin(let refusal), .nameTaken(let refusal), .wrongKind(let refusal),
            .quotaExhausted(let refusal), .tooLarge(let refusal), .staleMarker(let refusal), .rejected(let refusal),
            .serverFailure(let refusal):
            refusal.words
        case .download(let failure): failure.words
        case .change(let failure): failure.words
        }
    }
}

extension DownloadFailure {
    var words: String {
        switch self {
        case .expired: "the link is too old"
        case .tooManyStreams: "too many downloads are open for this account"
        case .denied(let code): "refused: \(code)"
        case .gone: "the object is gone"
        case .wrongRange(let words): words
        case .cut(let words): words
        case .throttled(let status): "HTTP \(status)"
        case .foreignHost(let host): "the link points to \(host), which is not the drive's"
        }
    }
}

extension ChangeFailure {
    var words: String {
        switch self {
        case .uncertain(let words): words
        case .preHashMatched: "the drive may know this content"
        case .invalidProof(let refusal), .contentMismatch(let refusal), .uploadGone(let refusal): refusal.words
        case .part(let failure): failure.words
        case .source(let error): error.description
        }
    }
}

extension PartFailure {
    var words: String {
        switch self {
        case .expired: "the upload address is too old"
        case .notSequential(let expected): "the drive wants another part" + (expected.map { " (\($0))" } ?? "")
        case .sessionGone: "the upload session is gone"
        case .denied(let code): "refused: \(code)"
        case .throttled(let status): "HTTP \(status)"
        case .cut(let words): words
        case .foreignHost(let host): "the upload address points to \(host), which is not the drive's"
        }
    }
}
