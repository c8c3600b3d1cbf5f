import Foundation

/// The folders of the person who runs the program, as https://specifications.freedesktop.org/basedir-spec has them.
enum UserFolders {
    /// What the person made with this program: `$XDG_DATA_HOME/diptych`, else `~/.local/share/diptych`.
    static var data: URL { folder("XDG_DATA_HOME", else: ".local/share") }

    private static func folder(_ variable: String, else usual: String) -> URL {
        // A relative path is to be ignored.
        let named = ProcessInfo.processInfo.environment[variable].flatMap { $0.hasPrefix("/") ? $0 : nil }
        let base =
            named.map { URL(fileURLWithPath: $0, isDirectory: true) }
            ?? FileManager.default.homeDirectoryForCurrentUser.appendingPathComponent(usual)
        return base.appendingPathComponent("diptych", isDirectory: true)
    }
}
