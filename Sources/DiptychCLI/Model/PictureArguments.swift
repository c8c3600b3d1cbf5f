import ArgumentParser
import Diptych
import DiptychMedia

/// The options of every command that reads pictures.
struct PictureArguments: ParsableArguments {
    @Option(
        name: .customLong("max-pixels"),
        help: ArgumentHelp("The largest picture (default: 268).", valueName: "megapixels"))
    var largestPicture: Int?

    @Flag(
        name: .customLong("tolerant"),
        help: "Read JPEG, PNG, GIF, BMP and PNM files whose data end too early as far as they go.")
    var isTolerant = false

    func validate() throws {
        if let largestPicture, !(1...8589).contains(largestPicture) {
            throw ValidationError("--max-pixels must be 1 to 8589 megapixels, not \(largestPicture).")
        }
    }

    /// Sets what the options say.
    func apply(to options: inout PictureOptions) {
        if let largestPicture { options.maximumPixels = largestPicture * 1_000_000 }
        options.isTolerant = isTolerant
        options.namesOptions = true
    }
}
