package demoserver

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Bounds of picture's size, in pixels.
const (
	MinPictureSize = 16
	MaxPictureSize = 1024
)

// pictureColours are the colours that picture knows, darkest tone first.
var pictureColours = map[string]color.NRGBA{
	"blue":   {R: 0x0b, G: 0x6b, B: 0x82, A: 0xff},
	"green":  {R: 0x1c, G: 0x6b, B: 0x3a, A: 0xff},
	"orange": {R: 0xb4, G: 0x5a, B: 0x0a, A: 0xff},
}

func addPicture(s *mcp.Server) {
	mcp.AddTool(s, &mcp.Tool{
		Name:        "picture",
		Title:       "Picture",
		Description: "Returns a picture, as PNG.",
		Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true},
		InputSchema: object(fmt.Sprintf(`
			"colour":{"type":"string","enum":["blue","green","orange"],"default":"blue","description":"Its colour."},
			"size":{"type":"integer","minimum":%d,"maximum":%d,"default":256,"description":"Its width and height, in pixels."}`,
			MinPictureSize, MaxPictureSize)),
	}, picture)
}

type pictureInput struct {
	Colour string `json:"colour"`
	Size   int    `json:"size"`
}

func picture(_ context.Context, _ *mcp.CallToolRequest, in pictureInput) (*mcp.CallToolResult, any, error) {
	file, err := encodePicture(in.Size, in.Colour)
	if err != nil {
		return nil, nil, err
	}
	return &mcp.CallToolResult{Content: []mcp.Content{
		&mcp.ImageContent{Data: file, MIMEType: "image/png"},
	}}, nil, nil
}

// encodePicture returns the picture of that size and colour, as PNG.
func encodePicture(size int, colour string) ([]byte, error) {
	var file bytes.Buffer
	if err := png.Encode(&file, waves(size, pictureColours[colour])); err != nil {
		return nil, fmt.Errorf("encoding the picture: %w", err)
	}
	return file.Bytes(), nil
}

// waves draws bands of one colour, lighter from the bottom to the top.
func waves(size int, c color.NRGBA) image.Image {
	const bands = 5
	tones := make(color.Palette, bands)
	for i := range tones {
		tones[i] = lighter(c, float64(i)/bands)
	}
	img := image.NewPaletted(image.Rect(0, 0, size, size), tones)
	for x := range size {
		at := float64(x) / float64(size)
		for y := range size {
			height := 1 - float64(y)/float64(size) + 0.05*math.Sin(2*math.Pi*(at*2+float64(y)/float64(size)))
			img.SetColorIndex(x, y, uint8(min(max(height*bands, 0), bands-1)))
		}
	}
	return img
}

// lighter mixes white into a colour: none for 0, only white for 1.
func lighter(c color.NRGBA, white float64) color.NRGBA {
	mix := func(v uint8) uint8 { return v + uint8(float64(0xff-v)*white) }
	return color.NRGBA{R: mix(c.R), G: mix(c.G), B: mix(c.B), A: c.A}
}
