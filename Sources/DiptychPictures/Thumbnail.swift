import DiptychMedia
import Foundation

/// A picture made small enough for a cell of a contact sheet.
struct Thumbnail {
    var width: Int
    var height: Int
    /// The picture as a JPEG data URI.
    var uri: String

    /// Reads a picture of any format and fits it, upright and whole, into a square of `side` pixels.
    init(file path: String, side: Int) throws(PictureError) {
        let picture = try Picture.decode(file: path)
        let scale = Double(side) / Double(max(picture.width, picture.height))
        width = max(1, Int((Double(picture.width) * scale).rounded()))
        height = max(1, Int((Double(picture.height) * scale).rounded()))
        // The sheet is compressed again, so little may be lost here.
        let file = try picture.resized(width: width, height: height).jpeg(quality: 95)
        uri = "data:image/jpeg;base64," + Data(file).base64EncodedString()
    }
}
