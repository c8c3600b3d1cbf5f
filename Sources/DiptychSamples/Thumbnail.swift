import DiptychMedia
import DiptychVideo
import Foundation

/// An image made small enough for a cell of a contact sheet.
struct Thumbnail {
    var width: Int
    var height: Int
    /// The image as a JPEG data URI.
    var uri: String

    /// Reads a picture of any format and fits it, upright and whole, into a square of `side` pixels.
    ///
    /// - Parameter time: the second of a video whose frame it is; nil for an image.
    init(file path: String, at time: Double?, side: Int) throws(ImageError) {
        let image: Image
        if let time {
            do throws(VideoError) { image = try VideoFile(.file(path)).frame(at: time).image } catch {
                throw ImageError(.damaged, source: path, reason: error.reason)
            }
        } else {
            image = try Image.decode(file: path)
        }
        let scale = Double(side) / Double(max(image.width, image.height))
        width = max(1, Int((Double(image.width) * scale).rounded()))
        height = max(1, Int((Double(image.height) * scale).rounded()))
        // The sheet is compressed again, so little may be lost here.
        let file = try image.resized(width: width, height: height).jpeg(quality: 95)
        uri = "data:image/jpeg;base64," + Data(file).base64EncodedString()
    }
}
