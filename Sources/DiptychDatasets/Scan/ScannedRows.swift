/// An image as a dataset has it, sound or not.
package struct ScannedImage: Sendable {
    /// What is there in place of a sound image's bytes.
    package enum Content: Sendable {
        /// The base64 of a file.
        case base64([UInt8])
        /// Where the file's bytes are.
        case reference(ImageReference)
        /// The row has no image.
        case missing
        /// The row cannot be read.
        case failure(DatasetError)
    }

    /// What ``PartScan/place(ofImage:)`` takes.
    package let number: Int
    /// The dataset's id of it.
    package var id: String?
    package var content: Content
    /// The texts that stand in the same row.
    package var texts: [ScannedText] = []
    /// What the row says that it shows, by column.
    package var labels: [ScannedLabel] = []
}

/// A class that a row names.
package struct ScannedLabel: Sendable {
    package let column: String
    /// A name, or a number.
    package let value: DatasetValue
    /// How many the row's list of choices has, of which this is one.
    package var choices: Int?
}

/// A text as a dataset has it, sound or not.
package struct ScannedText: Sendable {
    /// What ``PartScan/place(ofText:)`` takes.
    package let number: Int
    package var id: JSONValue?
    package var text = ""
    /// The images that it names; none of texts that stand in an image's row.
    package var imageIDs: [String] = []
    /// Why it cannot be read.
    package var failure: DatasetError?
    /// The encoding in which bytes that are not UTF-8 make a text.
    package var encoding: TextFileEncoding?
}

extension TextFileEncoding {
    /// Bytes that are not UTF-8 as the text that they most probably are.
    package static func guess(_ bytes: [UInt8]) -> (text: [UInt8], encoding: TextFileEncoding)? {
        for encoding in [TextFileEncoding.gb18030, .windows1252] {
            guard let text = SystemTextDecoder(encoding)?.decode(bytes[...], isLast: true), !text.contains(0xFF),
                let scalars = String(validating: text, as: UTF8.self)?.unicodeScalars
            else { continue }
            // Any two bytes are a character of GB 18030: in a text, most are common ones.
            let foreign = scalars.filter { $0.value >= 0x80 }
            let common = foreign.count {
                (0x4E00..<0xA000).contains($0.value) || (0x3000..<0x3040).contains($0.value) || $0.value >= 0xFF00
            }
            if encoding != .gb18030 || common * 10 >= foreign.count * 8 { return (text, encoding) }
        }
        return nil
    }
}
