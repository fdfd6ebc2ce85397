# SPDX-License-Identifier: Apache-2.0
# Manual pages: Markdown here, roff by go-md2man.

MAN1_PAGES_MD = \
	man/cartefile-to-oci.1.md

SCALE_MAN1_PAGES_MD = \
	man/carte.1.md

MAN5_PAGES_MD = \
	man/cartefile.5.md

# of carte and carte-scale
SCALE_MAN5_PAGES_MD = \
	man/carte-compose.5.md

MAN7_PAGES_MD = \
	man/cartefile-dockerfile.7.md \
	man/cartefile-slim.7.md

SCALE_MAN7_PAGES_MD = \
	man/carte-prediction.7.md

MAN8_PAGES_MD = \
	man/carte-runtime.8.md

SCALE_MAN8_PAGES_MD = \
	man/carte-scale.8.md

if HAVE_GO_MD2MAN
man1_MANS =
man5_MANS =
man7_MANS =
man8_MANS = $(MAN8_PAGES_MD:.8.md=.8)
if HAVE_CONVERTER
man1_MANS += $(MAN1_PAGES_MD:.1.md=.1)
man5_MANS += $(MAN5_PAGES_MD:.5.md=.5)
man7_MANS += $(MAN7_PAGES_MD:.7.md=.7)
endif
if HAVE_SCALE
man1_MANS += $(SCALE_MAN1_PAGES_MD:.1.md=.1)
man5_MANS += $(SCALE_MAN5_PAGES_MD:.5.md=.5)
man7_MANS += $(SCALE_MAN7_PAGES_MD:.7.md=.7)
man8_MANS += $(SCALE_MAN8_PAGES_MD:.8.md=.8)
endif
CLEANFILES += $(man1_MANS) $(man5_MANS) $(man7_MANS) $(man8_MANS)
endif
EXTRA_DIST += $(MAN1_PAGES_MD) $(SCALE_MAN1_PAGES_MD) $(MAN5_PAGES_MD) $(SCALE_MAN5_PAGES_MD) $(MAN7_PAGES_MD) $(SCALE_MAN7_PAGES_MD) $(MAN8_PAGES_MD) $(SCALE_MAN8_PAGES_MD)

MD2MAN = $(AM_V_GEN)$(MKDIR_P) $(@D) && $(GO_MD2MAN) -in $< -out $@
SUFFIXES = .1.md .1 .5.md .5 .7.md .7 .8.md .8
.1.md.1:
	$(MD2MAN)
.5.md.5:
	$(MD2MAN)
.7.md.7:
	$(MD2MAN)
.8.md.8:
	$(MD2MAN)
