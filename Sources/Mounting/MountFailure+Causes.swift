import Drive
import FuseKernel
import ProcessLife

extension MountFailure {
    /// Why the drive kept the mount from starting, and what to do.
    init(_ error: DriveError, doing what: String) {
        switch error {
        case .loginRequired(let words):
            self.init(.loginNeeded, "a login is needed: \(words). Give a new refresh token with --refresh-token-file")
        case .misconfigured(let words):
            self.init(.usage, "the drive does not accept this app: \(words). Check --client-id and its secret")
        case .unreachable(let words):
            self.init(.unavailable, "\(what): the drive cannot be reached (\(words)). Check the network and --api-url")
        case .untrusted(let words):
            self.init(
                .unavailable, "\(what): the drive's certificate is not trusted (\(words)). Check this machine's clock, "
                    + "proxies that intercept, the package ca-certificates and SSL_CERT_FILE")
        case .deadlinePassed:
            self.init(.unavailable, "\(what): the drive did not answer in time. Check the network, or raise --timeout")
        case .cancelled: self.init(.unavailable, "\(what): stopped before the drive had answered")
        case .accessDenied(let refusal), .accountRestricted(let refusal), .driveLocked(let refusal),
            .notFound(let refusal), .inRecycleBin(let refusal), .nameTaken(let refusal), .wrongKind(let refusal),
            .quotaExhausted(let refusal), .tooLarge(let refusal), .staleMarker(let refusal), .rejected(let refusal),
            .serverFailure(let refusal):
            self.init(.unavailable, "\(what): the drive refused (\(refusal.status) \(refusal.code) \(refusal.message))")
        case .malformedAnswer(let words):
            self.init(.unavailable, "\(what): the drive's answer makes no sense (\(words)). Check --api-url")
        case .download(let failure): self.init(.unavailable, "\(what): \(failure)")
        case .change(let failure): self.init(.unavailable, "\(what): \(failure)")
        }
    }

    init(_ error: MountError) { self.init(.cannotCreate, error.description) }
}
