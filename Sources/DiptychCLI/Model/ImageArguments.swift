import ArgumentParser
import Diptych
import DiptychMedia

/// The options of every command that reads images.
struct ImageArguments: ParsableArguments {
    @Option(
        name: .customLong("max-pixels"), parsing: .unconditional,
        help: ArgumentHelp("The largest image (default: 268).", valueName: "megapixels"))
    var largestImage: Int?

    @Flag(
        name: .customLong("tolerant"),
        help: "Read JPEG, PNG, GIF, BMP and PNM files whose data end too early as far as they go.")
    var isTolerant = false

    func validate() throws {
        if let largestImage, !(1...8589).contains(largestImage) {
            throw ValidationError("--max-pixels must be 1 to 8589 megapixels, not \(largestImage).")
        }
    }

    /// Sets what the options say.
    func apply(to options: inout ImageOptions) {
        if let largestImage { options.maximumPixels = largestImage * 1_000_000 }
        options.isTolerant = isTolerant
        options.namesOptions = true
    }
}
