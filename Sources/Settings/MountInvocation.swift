/// How mount(8) calls a helper: `mount.aliyunfs PROFILE MOUNTPOINT [-sfnv] [-N namespace] [-t type] [-o options]`.
public struct MountInvocation: Hashable, Sendable {
    public var profile: String
    public var mountPoint: String
    /// As given to `-o`, one element for each.
    public var options: [String] = []
    /// `-f`: check, but mount nothing.
    public var isRehearsal = false

    /// `arguments` without the program's own name.
    public init(_ arguments: [String]) throws(SettingsError) {
        var words: [String] = []
        var rest = arguments[...]
        while let word = rest.popFirst() {
            switch word {
            case "-o":
                guard let value = rest.popFirst() else { throw Self.misuse("-o needs a value") }
                options.append(value)
            case "-t", "-N":
                guard rest.popFirst() != nil else { throw Self.misuse("\(word) needs a value") }
            case _ where word.hasPrefix("-o"):
                options.append(String(word.dropFirst(2)))
            case _ where word.hasPrefix("-") && word.count > 1:
                isRehearsal = try Self.rehearsal(in: word) || isRehearsal
            default:
                words.append(word)
            }
        }
        guard words.count == 2 else { throw Self.misuse("a profile and a mount point are needed") }
        (profile, mountPoint) = (words[0], words[1])
    }

    /// `-s` (sloppy), `-n` (no mtab), `-v` (say more), `-r` and `-w` come from mount(8) and change nothing here.
    private static func rehearsal(in word: String) throws(SettingsError) -> Bool {
        guard word.dropFirst().allSatisfy({ "sfnvrw".contains($0) }) else {
            throw misuse("\(Given.shown(word)) is not an option of mount.aliyunfs")
        }
        return word.contains("f")
    }

    private static func misuse(_ what: String) -> SettingsError {
        SettingsError("\(what); usage: mount.aliyunfs PROFILE MOUNTPOINT [-o OPTION[,OPTION]]")
    }
}
