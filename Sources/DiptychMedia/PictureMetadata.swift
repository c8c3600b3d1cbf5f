internal import CVips
internal import Foundation

/// What a picture's bytes say about it besides its pixels: the kind of file, and what its camera wrote (EXIF 2.32).
public struct PictureMetadata: Sendable, Hashable {
    /// The kind of file by its content; nil when it is none that is read.
    public var format: PictureFormat?
    /// When it was taken, in seconds since 1970 as if the camera's clock showed UTC: EXIF knows no time zone.
    public var taken: Double?
    /// Maker and model of the camera.
    public var camera: String?
    /// Degrees north, −90 to 90.
    public var latitude: Double?
    /// Degrees east, −180 to 180.
    public var longitude: Double?

    /// Nothing known.
    public init() {}

    /// Reads what the bytes of a picture that was decoded say; what is missing or makes no sense is left out.
    ///
    /// EXIF data are read from JPEG, PNG, WebP, HEIC and AVIF files; libvips gives none of a TIFF file's. A file whose size has not been checked does not belong here: libvips allocates
    /// an animation's canvas while it reads the header.
    public init(of bytes: [UInt8]) {
        format = PictureFormat(sniffing: bytes)
        guard let format, (try? Vips.start("picture")) != nil else { return }
        let errors = Vips.ErrorScope()
        defer { errors.end() }
        let bytes = format == .png ? PNGTexts.left(of: bytes) : bytes
        bytes.withUnsafeBytes { raw in
            guard let image = Vips.open(raw, format) else { return }
            defer { diptych_vips_release(image) }
            taken =
                Self.value("exif-ifd2-DateTimeOriginal", of: image).flatMap(Self.seconds)
                ?? Self.value("exif-ifd0-DateTime", of: image).flatMap(Self.seconds)
            camera = Self.camera(
                maker: Self.value("exif-ifd0-Make", of: image), model: Self.value("exif-ifd0-Model", of: image))
            if let north = Self.degrees(of: image, "Latitude", negative: "S", limit: 90),
                let east = Self.degrees(of: image, "Longitude", negative: "W", limit: 180)
            {
                (latitude, longitude) = (north, east)
            }
        }
    }

    /// An EXIF field as libvips gives it: the value, then in parentheses how it reads, its type, the number of its parts
    /// and of its bytes. Texts are cut to the number of their characters, for they may hold parentheses themselves.
    static func plain(_ field: String) -> String? {
        guard let description = field.range(of: ", ASCII, ", options: .backwards) else {
            return field.range(of: " (").map { String(field[..<$0.lowerBound]) }
        }
        let count = field[description.upperBound...].prefix { $0.isNumber }
        guard let length = Int(count), length > 0 else { return nil }
        let text = String(decoding: field.utf8.prefix(length - 1), as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines.union(.controlCharacters))
        return text.isEmpty ? nil : text
    }

    private static func value(_ name: String, of image: UnsafeMutablePointer<VipsImage>) -> String? {
        var text: UnsafePointer<CChar>?
        guard vips_image_get_typeof(image, name) != 0, vips_image_get_string(image, name, &text) == 0, let text else {
            return nil
        }
        return plain(String(cString: text))
    }

    /// `2021:05:30 12:34:56` in seconds since 1970.
    static func seconds(_ text: String) -> Double? {
        let numbers = text.split(whereSeparator: { !$0.isNumber }).map { Int($0) ?? -1 }
        guard numbers.count >= 6, (1800...9999).contains(numbers[0]), (1...12).contains(numbers[1]),
            (1...31).contains(numbers[2]), (0..<24).contains(numbers[3]), (0..<60).contains(numbers[4]),
            (0...60).contains(numbers[5])
        else { return nil }
        var parts = tm()
        parts.tm_year = Int32(numbers[0] - 1900)
        parts.tm_mon = Int32(numbers[1] - 1)
        parts.tm_mday = Int32(numbers[2])
        parts.tm_hour = Int32(numbers[3])
        parts.tm_min = Int32(numbers[4])
        parts.tm_sec = Int32(numbers[5])
        return Double(timegm(&parts))
    }

    /// Maker and model, the maker not twice: many models begin with it.
    static func camera(maker: String?, model: String?) -> String? {
        guard let model else { return maker }
        guard let maker, !model.lowercased().hasPrefix(maker.lowercased()) else { return model }
        return "\(maker) \(model)"
    }

    /// Degrees, minutes and seconds as three fractions: `47/1 22/1 1234/100`.
    static func degrees(_ text: String) -> Double? {
        let parts = text.split(separator: " ").map { part -> Double? in
            let sides = part.split(separator: "/").map { Double($0) }
            guard let over = sides.first ?? nil else { return nil }
            guard sides.count == 2 else { return over }
            guard let under = sides[1], under != 0 else { return nil }
            return over / under
        }
        guard (1...3).contains(parts.count), let degrees = parts[0] else { return nil }
        let minutes = parts.count > 1 ? parts[1] ?? 0 : 0
        let seconds = parts.count > 2 ? parts[2] ?? 0 : 0
        let value = degrees + minutes / 60 + seconds / 3600
        return value.isFinite && value >= 0 ? value : nil
    }

    private static func degrees(
        of image: UnsafeMutablePointer<VipsImage>, _ name: String, negative: String, limit: Double
    ) -> Double? {
        guard let text = value("exif-ifd3-GPS\(name)", of: image), let size = degrees(text), size <= limit else {
            return nil
        }
        return value("exif-ifd3-GPS\(name)Ref", of: image)?.uppercased().hasPrefix(negative) == true ? -size : size
    }
}
