import Foundation
import Logging
import ProcessLife
import Settings
import SystemPackage

/// Reads the token and the secret that the user gives at the start, and makes sure that there is a login at all.
struct LoginSource: Sendable {
    let surroundings: Surroundings

    /// A token that is given must be well-formed; without one there must be a stored login. Blocks while standard
    /// input is read.
    func order(_ settings: MountSettings, _ logger: Logger) throws(MountFailure) -> MountOrder {
        var order = MountOrder(settings: settings)
        order.givenToken = try token(settings, logger)
        if let file = settings.clientSecretFile { order.clientSecret = try secret(in: file) }
        if order.givenToken == nil, !isStored(settings.tokenFile) {
            throw Self.loginNeeded("no login is stored for profile \(settings.profile)")
        }
        return order
    }

    private func token(_ settings: MountSettings, _ logger: Logger) throws(MountFailure) -> RefreshToken? {
        if let source = settings.refreshTokenFile {
            switch source {
            case .standardInput: return try Self.token(in: try standardInput(), from: "standard input")
            case .file(let path): return try token(in: path, stored: isStored(settings.tokenFile), logger)
            }
        }
        // Kept from the processes this one starts.
        guard let text = surroundings.environment[EnvironmentName.refreshToken] else { return nil }
        return try Self.token(in: text, from: EnvironmentName.refreshToken)
    }

    private func token(
        in path: FilePath, stored: Bool, _ logger: Logger
    ) throws(MountFailure) -> RefreshToken? {
        let text: String
        do throws(Errno) {
            text = try path.readText(atMost: RefreshToken.longest * 2)
        } catch {
            // Imported once, the file may go: fstab goes on naming it.
            if error == .noSuchFileOrDirectory, stored {
                logger.info("no token file, the stored login is used", metadata: ["file": "\(path)"])
                return nil
            }
            throw Self.loginNeeded("\(path): cannot be read (\(error.words))")
        }
        return try Self.token(in: text, from: path.string)
    }

    private func standardInput() throws(MountFailure) -> String {
        do throws(Errno) {
            return try FileDescriptor.standardInput.readText(atMost: RefreshToken.longest * 2)
        } catch {
            throw Self.loginNeeded("standard input: no token could be read (\(error.words))")
        }
    }

    private func secret(in path: FilePath) throws(MountFailure) -> Secret {
        do throws(Errno) {
            let text = try path.readText(atMost: RefreshToken.longest)
            let bare = text.trimmingCharacters(in: .whitespacesAndNewlines)
            guard !bare.isEmpty else { throw Errno.noData }
            return Secret(bare)
        } catch {
            throw MountFailure(.usage, "--client-secret-file: \(path) holds no secret (\(error.words))")
        }
    }

    private func isStored(_ path: FilePath) -> Bool {
        do throws(Errno) { return try path.stat().size > 0 } catch { return false }
    }

    private static func token(in text: String, from source: String) throws(MountFailure) -> RefreshToken {
        do throws(RefreshToken.Flaw) {
            return try RefreshToken(text)
        } catch {
            throw loginNeeded("\(source): \(error.explanation)")
        }
    }

    private static func loginNeeded(_ why: String) -> MountFailure {
        MountFailure(
            .loginNeeded,
            "\(why); get a refresh token from https://api.oplist.org and give it with --refresh-token-file FILE "
                + "or in \(EnvironmentName.refreshToken)")
    }
}
