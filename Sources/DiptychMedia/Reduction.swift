extension Image {
    /// How an image that was decoded at a fraction of its size stands for the whole one.
    public struct Reduction: Sendable, Hashable {
        /// Columns of the whole image, upright where the image is.
        public let width: Int
        /// Rows of the whole image, upright where the image is.
        public let height: Int
        /// The columns and the rows of the whole image that one pixel stands for: 2, 4 or 8.
        public let factor: Int
        /// Where a side is no multiple of the factor, the pixels at one edge end before it or reach beyond it, as libvips
        /// rounds: those at the right and the bottom, unless orientation brought them to the left or the top.
        var isUnevenLeft = false
        var isUnevenTop = false

        init(width: Int, height: Int, factor: Int) {
            (self.width, self.height, self.factor) = (width, height, factor)
        }

        /// Where the whole image lies, counted in its reduced pixels, of which there are `width` × `height`.
        func box(width: Int, height: Int) -> Box {
            let (inside, down) = (Float(self.width) / Float(factor), Float(self.height) / Float(factor))
            return Box(
                x: isUnevenLeft ? Float(width) - inside : 0, y: isUnevenTop ? Float(height) - down : 0,
                width: inside, height: down)
        }

        /// The same after ``Picture/oriented(_:)``.
        func oriented(_ orientation: Int) -> Reduction {
            let turned = orientation >= 5
            var upright = Reduction(width: turned ? height : width, height: turned ? width : height, factor: factor)
            upright.isUnevenLeft = [2, 3, 6, 7].contains(orientation)
            upright.isUnevenTop = [3, 4, 7, 8].contains(orientation)
            return upright
        }
    }

    /// A part of an image, in fractions of its pixels.
    struct Box {
        var x: Float = 0
        var y: Float = 0
        var width: Float
        var height: Float

        init(x: Float, y: Float, width: Float, height: Float) {
            (self.x, self.y, self.width, self.height) = (x, y, width, height)
        }

        /// All of a picture.
        init(width: Int, height: Int) {
            (self.width, self.height) = (Float(width), Float(height))
        }
    }

    /// The size of the image in its file, upright where the image is: ``width`` and ``height``, unless it was decoded at
    /// a fraction of that.
    public var fullSize: Preprocessing.Size {
        Preprocessing.Size(width: reduction?.width ?? width, height: reduction?.height ?? height)
    }
}

extension ImageOptions {
    /// The fraction at which a JPEG picture of this size is decoded, as its denominator: 1, 2, 4 or 8, which its cosine
    /// transform gives for less than the whole.
    ///
    /// - Parameter isTurned: Whether columns become rows when the image is turned upright.
    func reduction(width: Int, height: Int, isTurned: Bool) -> Int {
        guard decode == .fast else { return 1 }
        let upright = isTurned ? Preprocessing.Size(width: height, height: width) : .init(width: width, height: height)
        guard let target = resize.size(of: upright.width, upright.height) else { return 1 }
        return [8, 4, 2].first { factor in
            upright.width / factor >= target.width * Self.fastMargin
                && upright.height / factor >= target.height * Self.fastMargin
        } ?? 1
    }

    /// How many times the resize's result a side still is after a fast decode. At 1, noise and fine patterns move embeddings
    /// by more than 1 − cosine 5e-3; what 3 and more gain is far below that on photographs, and costs time
    /// (`Benchmarks/decoding.py` prints all of them).
    static let fastMargin = 2
}
