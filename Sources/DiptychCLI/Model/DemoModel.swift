import Diptych

/// The small model that comes with the program.
enum DemoModel {
    /// The model's directory.
    ///
    /// - Throws: ``Failure`` when the program was installed without it.
    static func path() throws -> String {
        let found = InstalledFiles.folder("Resources/DemoModel", of: "DiptychCLI", holding: "config.json")
        guard let found else {
            throw Failure(
                "the demo model is not installed beside this program; give --model DIRECTORY or set DIPTYCH_MODEL")
        }
        return found
    }
}
