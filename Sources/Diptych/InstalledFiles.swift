internal import Foundation

/// Files that come with the program.
package enum InstalledFiles {
    /// A folder of a target's resources: in a build, or beside the executable after an installation; nil where it is in neither.
    ///
    /// - Parameters:
    ///   - folder: its path within the resources.
    ///   - target: the target that brings it.
    ///   - file: a file that it must hold.
    package static func folder(_ folder: String, of target: String, holding file: String) -> String? {
        let executable = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent()
        guard let executable else { return nil }
        // Not `Bundle.module`, which ends the process where the resources are missing.
        return ["diptych_\(target).resources/", "diptych_\(target).bundle/", "", "../share/diptych/"]
            .map { executable.appendingPathComponent($0 + folder).standardizedFileURL.path }
            .first { FileManager.default.fileExists(atPath: $0 + "/" + file) }
    }
}
