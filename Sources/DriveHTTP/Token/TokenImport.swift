import Basics

/// Why a refresh token could not be taken in.
public enum TokenImportError: Error, Hashable, Sendable {
    /// The text holds nothing but white space.
    case empty
    /// The text is not a refresh token of the drive (three segments joined by dots), with what is wrong.
    case malformed(String)
    /// The token file could not be read or written; the system's words.
    case file(String)
    /// Another process holds the login right now.
    case busy
}

extension TokenImportError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .empty: "the refresh token is empty"
        case .malformed(let words): "this is not a refresh token: \(words)"
        case .file(let words): "the token file cannot be used: \(words)"
        case .busy: "another process is renewing the login: try again"
        }
    }
}

/// What an import did.
public enum TokenImport: Hashable, Sendable {
    case stored
    /// This very token was imported before and may be spent by now; the stored login goes on.
    case alreadyImported
}

extension HTTPDrive {
    /// Seeds the token file with a refresh token, as it comes from a file, the environment or a login page. White
    /// space around it is dropped. A running mount that uses the file finds the new login by itself.
    ///
    /// Importing the token that the stored login began with changes nothing: it is spent, and its successor is stored.
    public static func importRefreshToken(
        _ text: String, to path: String, time: any TimeSource
    ) async throws(TokenImportError) -> TokenImport {
        let token = try TokenText.validated(text)
        let file = TokenFile(path: path)
        let outcome: Result<TokenImport, TokenImportError>?
        do throws(FileFault) {
            outcome = try await FileLock.holding(path + ".lock", time: time, until: time.now() + .seconds(30)) {
                await Disk.run { TokenText.store(token, in: file) }
            }
        } catch {
            throw .file(error.what)
        }
        guard let outcome else { throw .busy }
        return try outcome.get()
    }

    /// Whether a login is stored at `path` at all; tells nothing about whether it is still good.
    public static func hasLogin(at path: String) async -> Bool {
        let content = await Disk.run { TokenFile(path: path).read() }
        switch content {
        case .login: return true
        case .none, .unreadable: return false
        }
    }
}

private enum TokenText {
    private static let longest = 8_192

    static func validated(_ text: String) throws(TokenImportError) -> String {
        let words = text.split(whereSeparator: { $0.isWhitespace || $0 == "\u{FEFF}" })
        guard let token = words.first else { throw .empty }
        guard words.count == 1 else { throw .malformed("there is white space inside it") }
        guard token.utf8.count <= longest else { throw .malformed("it is too long") }
        guard JWT(String(token)) != nil else { throw .malformed("it is not three segments joined by dots") }
        return String(token)
    }

    static func store(_ token: String, in file: TokenFile) -> Result<TokenImport, TokenImportError> {
        switch file.read() {
        case .login(let stored) where stored.importedFrom == token || stored.refreshToken == token:
            return .success(.alreadyImported)
        // A file that is none of ours is replaced: that is what importing is for.
        case .login, .none, .unreadable: break
        }
        var login = StoredLogin(refreshToken: token)
        login.importedFrom = token
        do throws(FileFault) {
            try file.write(login)
            return .success(.stored)
        } catch {
            return .failure(.file(error.what))
        }
    }
}
