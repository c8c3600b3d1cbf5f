import DiptychMedia

/// What sample images and contact sheets share: an SVG document becomes pixels, and pixels a file.
enum Drawing {
    /// Renders a document that this module wrote, on white.
    static func render(_ document: String) throws(SamplesError) -> Image {
        do { return try SVGImage.render(svg: document) } catch { throw .rendering(reason: error.reason) }
    }

    /// Writes a whole JPEG, or PNG where `quality` is nil, or nothing; a file of that name is replaced.
    static func save(_ image: Image, to path: String, quality: Int?) throws(SamplesError) {
        do {
            if let quality { try image.writeJPEG(to: path, quality: quality) } else { try image.writePNG(to: path) }
        } catch {
            throw .unwritable(path: path, reason: error.reason)
        }
    }
}
