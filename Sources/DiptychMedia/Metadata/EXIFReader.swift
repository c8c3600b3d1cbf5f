/// What EXIF data say about an image (EXIF 2.32, and the tags that Windows adds).
struct EXIFReader {
    let camera: String?
    let description: ImageDescription

    /// Nil for what is not a TIFF structure with a directory.
    init?(_ bytes: [UInt8]) {
        guard let structure = TIFFStructure(bytes), let main = structure.first else { return nil }
        let exif = main.number(0x8769).flatMap(structure.directory)
        camera = Self.camera(maker: main.text(0x010F), model: main.text(0x0110))
        var said = ImageDescription()
        func windows(_ tag: Int) -> String? { main.bytes(tag).flatMap { PlainText.ofUTF16($0) } }
        said.caption =
            main.text(0x010E).flatMap { Self.isDefault($0) ? nil : $0 } ?? exif.flatMap(Self.comment) ?? windows(0x9C9C)
        said.title = windows(0x9C9B)
        said.keywords =
            windows(0x9C9E)?.split(separator: ";").compactMap { PlainText.cleaned(String($0)) } ?? []
        said.creator = main.text(0x013B) ?? windows(0x9C9D)
        // The photographer's and the editor's, parted by a zero byte; the first is taken.
        said.copyright = main.text(0x8298)
        said.rating =
            main.number(0x4746).map(Double.init).flatMap(ImageDescription.ratingOfStars)
            ?? main.number(0x4749).map(Double.init).flatMap(ImageDescription.ratingOfPercent)
        said.taken =
            exif?.text(0x9003).flatMap(ImageMetadata.seconds) ?? main.text(0x0132).flatMap(ImageMetadata.seconds)
        if let place = main.number(0x8825).flatMap(structure.directory),
            let north = Self.degrees(place, 2, reference: 1, negative: "S", limit: 90),
            let east = Self.degrees(place, 4, reference: 3, negative: "W", limit: 180)
        {
            (said.latitude, said.longitude) = (north, east)
        }
        description = said
    }

    /// Names that cameras write in place of a description.
    private static let defaults: Set<String> = [
        "OLYMPUS DIGITAL CAMERA", "DIGITAL CAMERA", "SONY DSC", "MINOLTA DIGITAL CAMERA",
        "KONICA MINOLTA DIGITAL CAMERA",
        "SAMSUNG CAMERA PICTURES", "EXIF_JPEG_PICTURE", "EXIF_JPEG_T422",
    ]

    /// Whether a program wrote the text for itself: cameras their name, those of microscopes the shape of their data.
    private static func isDefault(_ text: String) -> Bool {
        defaults.contains(text.uppercased()) || text.hasPrefix("{\"shape\"") || text.hasPrefix("ImageJ=")
    }

    /// A comment, after the eight bytes that name its encoding.
    private static func comment(_ tags: TIFFStructure.Directory) -> String? {
        guard let bytes = tags.bytes(0x9286), bytes.count > 8 else { return nil }
        let text = bytes.dropFirst(8)
        return bytes.starts(with: "ASCII\0\0\0".utf8) ? PlainText.of(text.prefix { $0 != 0 }) : nil
    }

    /// Maker and model, the maker not twice: many models begin with it.
    static func camera(maker: String?, model: String?) -> String? {
        guard let model else { return maker }
        guard let maker, !model.lowercased().hasPrefix(maker.lowercased()) else { return model }
        return "\(maker) \(model)"
    }

    /// Degrees, minutes and seconds as up to three fractions.
    private static func degrees(
        _ place: TIFFStructure.Directory, _ tag: Int, reference: Int, negative: String, limit: Double
    ) -> Double? {
        let parts = place.fractions(tag)
        guard (1...3).contains(parts.count), let degrees = parts[0] else { return nil }
        let minutes = parts.count > 1 ? parts[1] ?? 0 : 0
        let seconds = parts.count > 2 ? parts[2] ?? 0 : 0
        let value = degrees + minutes / 60 + seconds / 3600
        guard value.isFinite, value >= 0, value <= limit else { return nil }
        return place.text(reference)?.uppercased().hasPrefix(negative) == true ? -value : value
    }
}
